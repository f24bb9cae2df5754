"""Means over seeds, a panel for each world or test, every method in the legend."""

import pandas as pd
import pytest

from metalearn_lab.figures.burstiness import burstiness_figure
from metalearn_lab.figures.context_sinusoids import context_sinusoids_figure


def labels(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_errors_have_a_panel_for_each_world_and_a_line_for_each_method():
    table = pd.DataFrame(
        {"seed": seed, "world": world, "method": method, "K": k, "error": k + 2 * seed}
        for seed in (0, 1)
        for world in ("inside", "outside")
        for method in ("exact posterior", "Gaussian process", "maml")
        for k in (0, 1, 2)
    )
    figure = context_sinusoids_figure(table)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["inside", "outside"]
    assert labels(figure) == ["exact posterior", "Gaussian process", "MAML"]
    for axes in figure.axes:
        assert [list(line.get_xdata()) for line in axes.lines] == [[1, 2]] * 3
        assert [list(line.get_ydata()) for line in axes.lines] == [[2, 3]] * 3
    assert len({(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}) == 3


def test_accuracies_have_means_and_single_trainings():
    table = pd.DataFrame(
        {"bursty": share, "seed": seed, "steps": steps, "in context": seed, "in weights": share}
        for share in (0.0, 1.0)
        for seed in (0, 1)
        for steps in (0, 100)
    )
    figure = burstiness_figure(table)
    assert labels(figure) == ["bursty contexts", "mixed contexts", "a guess among the labels shown"]
    thick = [line for line in figure.axes[0].lines if line.get_linewidth() > 1]
    assert [list(line.get_ydata()) for line in thick] == [pytest.approx([0.5, 0.5])] * 2
    assert len(figure.axes[1].lines) == 6
