"""The figures of the chapter on first-order MAML and Reptile draw what they are given."""

import pytest
import torch

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.experiments.taylor import ALGORITHMS, MeasuredCoefficients, expected_coefficients
from metalearn_lab.figures.adaptation_curves import adaptation_curves_figure
from metalearn_lab.figures.right_and_wrong import RightAndWrong, right_and_wrong_figure
from metalearn_lab.figures.taylor_coefficients import taylor_coefficients_figure


def line_of(axes, label):
    [line] = [line for line in axes.get_lines() if line.get_label() == label]
    return line


def interval(mean, half):
    return Interval(torch.tensor(mean), torch.tensor(half), 100)


def test_points_are_the_measurement_and_lines_the_expectation():
    measured = {
        k: {
            name: MeasuredCoefficients(interval(1.0, 0.1), interval(-1.5 * k - place, 0.25 * k))
            for place, name in enumerate(ALGORITHMS)
        }
        for k in (2, 3)
    }
    [axes] = taylor_coefficients_figure(measured).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["MAML", "first-order MAML", "Reptile"]
    assert "100 draws" in axes.get_title(loc="left")
    for place, name in enumerate(ALGORITHMS):
        wanted = [expected_coefficients(name, k).inner for k in (2, 3)]
        assert line_of(axes, f"_expected {name}").get_ydata().tolist() == wanted
        [_, _, [bars]] = axes.containers[place]
        ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
        centres = [-1.5 * k - place for k in (2, 3)]
        assert ends[0] == pytest.approx([centres[0] - 0.5, centres[0] + 0.5])
        assert ends[1] == pytest.approx([centres[1] - 0.75, centres[1] + 0.75])


def test_the_right_path_sets_the_scale_and_a_wrong_one_stops_where_it_leaves():
    wrong = {"stays": [0.0, 1.5, 0.5], "runs away": [0.0, 5.0, -25.0]}
    comparison = RightAndWrong("The mean", "φ", "reptile", [0.0, 0.5, 1.0], wrong)
    axes, empty = right_and_wrong_figure([comparison]).axes
    assert line_of(axes, "right").get_ydata().tolist() == [0.0, 0.5, 1.0]
    assert line_of(axes, "stays").get_ydata().tolist() == [0.0, 1.5, 0.5]
    assert line_of(axes, "runs away").get_ydata().tolist() == [0.0, 5.0]
    low, high = axes.get_ylim()
    assert (low, high) == pytest.approx((-1.3, 2.3))
    assert axes.get_title(loc="left") == "The mean"
    [note] = axes.texts
    assert note.get_text() == "leaves at step 1"
    assert note.xy == pytest.approx((2.3 / 5, 2.3))
    assert not empty.get_visible()


def test_a_second_training_of_a_learner_is_told_apart():
    curves = AdaptationCurves(torch.arange(12.0).reshape(4, 3), None)
    [axes] = adaptation_curves_figure({"reptile, k = 10": curves, "reptile, short": curves}).axes
    first, second = (line_of(axes, f"Reptile, {which}") for which in ("k = 10", "short"))
    assert first.get_color() == second.get_color()
    assert first.get_linewidth() > second.get_linewidth()
    assert second.get_markerfacecolor() == "white" != first.get_markerfacecolor()
