"""Accuracies with their 95 % intervals, one row a condition, and the line of chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.figures.style import GREY, house_style, new_figure, style_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    style = style_of(learner)
    with house_style():
        figure, (axes,) = new_figure(height=0.9 + 0.45 * len(rows))
        means, halves = ([float(part[i]) for part in rows.values()] for i in (0, 1))
        axes.errorbar(
            means, range(len(rows)), xerr=halves, fmt=style.marker, color=style.color, capsize=4
        )
        axes.axvline(chance, color=GREY, linestyle=":", linewidth=1.2)
        axes.annotate("chance", (chance, 1), xycoords=("data", "axes fraction"), fontsize=9)
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, 1)
        axes.set_xlabel(f"query accuracy, mean and 95 % interval over {counts.pop():,} episodes")
    return figure
