"""Accuracies with their 95 % intervals, one row a condition, and the line of chance."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.figures.style import GREY, house_style, new_figure, style_of


@house_style()
def accuracy_intervals_figure(
    rows: Mapping[str, Interval], *, chance: float, learner: str = "nearest_class_mean"
) -> Figure:
    """One point with its interval for each condition, the first at the top.

    Args:
        rows: mean accuracy (0…1) by condition, all over the same number of episodes.
        chance: accuracy of a guess.
        learner: whose colour and marker to use.

    Raises:
        ValueError: no rows, or different numbers of episodes.
    """
    counts = {interval.tasks for interval in rows.values()}
    if len(counts) != 1:
        raise ValueError(f"rows must be over one number of episodes, got {sorted(counts)}")
    color, _, marker = style_of(learner)
    means, half_widths, _ = zip(*rows.values(), strict=True)
    figure, (axes,) = new_figure(height=0.9 + 0.45 * len(rows))
    row_numbers = range(len(rows))
    axes.errorbar(means, row_numbers, xerr=half_widths, fmt=marker, color=color, capsize=4)
    axes.axvline(chance, color=GREY, linestyle=":", linewidth=1.2)
    axes.annotate("chance", (chance, 1), xycoords=("data", "axes fraction"), fontsize=9)
    axes.set_yticks(row_numbers, list(rows))
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xlabel(f"query accuracy, mean and 95 % interval over {counts.pop():,} episodes")
    return figure
