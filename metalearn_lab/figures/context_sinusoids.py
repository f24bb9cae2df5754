"""Errors of learners and exact rules on sinusoids against the number of points, by world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from metalearn_lab.figures.style import GREY, INK, house_style, lines_of, new_figure

if TYPE_CHECKING:
    from pandas import DataFrame


@house_style()
def context_sinusoids_figure(table: DataFrame) -> Figure:
    """A panel for each world; lines are means over seeds, cut off at 100.

    Args:
        table: as ``comparison.context_sinusoids.read_errors`` gives it.
    """
    worlds = list(table.world.unique())
    figure, panels = new_figure(len(worlds), width=11.0, height=4.2)
    looks = lines_of(table.method.unique())
    for rule, color, dash in (
        ("exact posterior", INK, "-"),
        ("Gaussian process", GREY, (0, (7, 3))),
    ):
        looks[rule] |= {"color": color, "linestyle": dash, "marker": ""}
    for axes, world in zip(panels, worlds, strict=True):
        part = table[(table.world == world) & (table.K > 0)]
        for method, of_method in part.groupby("method", sort=False):
            mean = of_method.groupby("K").error.mean()
            axes.plot(mean.index, mean, **looks[str(method)])
        axes.set(title=world, xlabel="points K in the support", yscale="log", xticks=(1, 4, 7, 10))
        axes.set(ylim=(5e-3, 1e2))
    panels[0].set(ylabel="mean squared error")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure
