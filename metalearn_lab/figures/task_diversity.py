"""Distances of networks to two rules, and their errors, against the number of training tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metalearn_lab.figures.style import INK, house_style, new_figure

if TYPE_CHECKING:
    from pandas import DataFrame

_LOOKS = {
    "model": ("network", "#0072b2", "-", "o"),
    "pool rule": ("pool rule", "#b34d00", (0, (4, 2)), "s"),
    "ridge": ("ridge", INK, (0, (1, 2)), "^"),
}
_PLACES = {"home": "tasks of the pool", "new": "new tasks"}


@house_style()
def task_diversity_figure(table: DataFrame) -> Figure:
    """Errors on both kinds of tasks, and how far the network's answers are from each rule's.

    Args:
        table: as ``comparison.task_pools.read_distances`` gives it; lines are means over seeds,
            marks are single trainings.
    """
    figure, panels = new_figure(3, width=10.2, height=3.8)
    for axes, where in zip(panels, _PLACES, strict=False):
        part = table[table.tasks == where]
        for rule in _LOOKS:
            _draw(axes, part, f"error of {rule}", rule)
        axes.set(title=f"Error, {_PLACES[where]}", ylabel="mean squared error", ylim=(0, None))
    for rule in ("pool rule", "ridge"):
        _draw(panels[2], table[table.tasks == "home"], f"model to {rule}", rule)
    panels[2].set(title="Network to rule, on the pool", yscale="log")
    panels[2].set(ylabel="mean squared distance")
    for axes in panels:
        axes.set(xscale="log", xlabel="tasks M in training")
        axes.set_xticks(sorted(table.pool.unique()), map(str, sorted(table.pool.unique())))
        axes.minorticks_off()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _draw(axes: Axes, part: DataFrame, column: str, rule: str) -> None:
    label, color, dash, marker = _LOOKS[rule]
    mean = part.groupby("pool")[column].mean()
    axes.plot(mean.index, mean, color=color, linestyle=dash, label=label)
    axes.plot(part.pool, part[column], color=color, linestyle="none", marker=marker, markersize=4)
