"""Headline results of many runs against one numeric parameter, a panel a result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure
from metalearn_lab.figures.sweep_curves import FAR

COLUMNS = 3
MOST_PLACES = 12
"""With more values than this the parameter has a numeric axis; with fewer each has its place."""
MOST_BARS = 40
"""With more runs than this the intervals would cover each other: they are left to the table."""
SPREAD_OF_LOG = 50
LINE = "#0072b2"


class Result(NamedTuple):
    """One run's result.

    Attributes:
        x: the parameter's value.
        mean: the result, finite.
        half_width: its 95 % half-width, 0 if there is none.
    """

    x: float
    mean: float
    half_width: float


@house_style()
def sweep_values_figure(
    parameter: str, results: Mapping[str, Sequence[Result]], *, over_seeds: bool = False
) -> Figure:
    """Draw every run as a point, and a line through the medians of the runs of one value.

    Points far above the others, of runs that diverged, are left out; see `far`.

    Args:
        parameter: its name.
        results: of each headline value, by its name; each has at least one run.
        over_seeds: whether the runs of one value differ in their seed alone. Then the line joins
            their means, with the 95 % interval of each mean over seeds.
    """
    columns = min(COLUMNS, len(results))
    figure, grid = new_figure(
        len(results),
        columns,
        width=max(4.0, 3.1 * columns),
        height=2.2 * math.ceil(len(results) / columns) + 0.3,
        sharex=True,
    )
    xs = sorted({run.x for runs in results.values() for run in runs})
    for axes, (name, runs) in zip(grid, results.items(), strict=True):
        axes.set_title(name, fontsize=9, parse_math=False)  # a $ is a $
        _draw(axes, runs, xs, over_seeds)
    figure.supxlabel(parameter, fontsize=10, parse_math=False)
    return figure


def far(results: Sequence[Result]) -> list[Result]:
    """The results that would flatten all others: more than ten times as large as most are."""
    usual = median(abs(result.mean) for result in results)
    return [result for result in results if abs(result.mean) > FAR * usual > 0]


def _draw(axes: Axes, results: Sequence[Result], xs: Sequence[float], over_seeds: bool) -> None:
    position_of = _positions(axes, xs)
    outliers = far(results)
    near = [result for result in results if result not in outliers]
    middles = []
    for x in sorted({result.x for result in near}):
        group = [result for result in near if result.x == x]
        positions = [position_of[x] + shift for shift in _shifts(len(group), len(xs))]
        _draw_points(axes, positions, group, bars=len(results) <= MOST_BARS)
        middles.append((position_of[x], *_middle([result.mean for result in group], over_seeds)))
    at, middle, half_widths = zip(*middles, strict=True)
    if any(half_widths):
        axes.errorbar(at, middle, yerr=half_widths, fmt="none", ecolor=LINE, elinewidth=3)
    axes.plot(at, middle, color=LINE, linewidth=1.6)
    means = [result.mean for result in near]
    if min(means) > 0 and max(means) > SPREAD_OF_LOG * min(means):
        axes.set_yscale("log")


def _middle(means: Sequence[float], over_seeds: bool) -> tuple[float, float]:
    """Where the line passes runs of one value, and the half-width of its interval there."""
    if not over_seeds or len(means) == 1:
        return median(means), 0.0
    mean, half_width, _ = interval_over_tasks(torch.tensor(means, dtype=torch.float64))
    return mean.item(), half_width.item()


def _draw_points(
    axes: Axes, positions: Sequence[float], group: Sequence[Result], *, bars: bool
) -> None:
    _, means, half_widths = zip(*group, strict=True)
    axes.errorbar(
        positions,
        means,
        yerr=half_widths if bars and any(half_widths) else None,
        fmt="o",
        color=INK,
        ecolor=GREY,
        elinewidth=1,
        alpha=0.6 if bars else 0.35,
        markersize=4 if bars else 2.5,
    )


def _positions(axes: Axes, xs: Sequence[float]) -> dict[float, float]:
    """Where each value of the parameter is drawn."""
    if len(xs) > MOST_PLACES:
        if xs[0] > 0 and xs[-1] > SPREAD_OF_LOG * xs[0]:
            axes.set_xscale("log")
        return {x: x for x in xs}
    axes.set_xticks(range(len(xs)), [f"{x:g}" for x in xs])
    axes.set_xlim(-0.5, len(xs) - 0.5)
    return {x: float(index) for index, x in enumerate(xs)}


def _shifts(count: int, values: int) -> list[float]:
    """Runs of one value stand beside each other, in their order."""
    if count == 1 or values > MOST_PLACES:
        return [0.0] * count
    return [0.5 * (index / (count - 1) - 0.5) for index in range(count)]
