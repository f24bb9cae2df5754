"""Headline results of many runs against one numeric parameter, a panel a result."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from metalearn_lab.figures.style import GREY, INK, house_style
from metalearn_lab.figures.sweep_curves import FAR, hide_empty

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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


def sweep_values_figure(parameter: str, results: Mapping[str, Sequence[Result]]) -> Figure:
    """Draw every run as a point, and a line through the medians of the runs of one value.

    Points far above the others, of runs that diverged, are left out; see `far`.

    Args:
        parameter: its name.
        results: of each headline value, by its name; each has at least one run.
    """
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(results))
    rows = math.ceil(len(results) / columns)
    xs = sorted({result.x for each in results.values() for result in each})
    with house_style():
        size = (max(4.0, 3.1 * columns), 2.2 * rows + 0.3)
        figure = Figure(figsize=size, dpi=80, layout="constrained")
        grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
        for axes, (name, each) in zip(grid.flat, results.items(), strict=False):
            _draw(axes, name, each, xs)
        hide_empty(grid, len(results))
        figure.supxlabel(parameter, fontsize=10, parse_math=False)
    return figure


def far(results: Sequence[Result]) -> list[Result]:
    """The results that would flatten all others: more than ten times as large as most are."""
    most = median(abs(result.mean) for result in results)
    return [result for result in results if abs(result.mean) > FAR * most > 0]


def _draw(axes: Axes, name: str, results: Sequence[Result], xs: Sequence[float]) -> None:
    axes.set_title(name, fontsize=9, parse_math=False)  # a $ is a $
    at = _places(axes, xs)
    near = [result for result in results if result not in far(results)]
    by_x: defaultdict[float, list[Result]] = defaultdict(list)
    for result in near:
        by_x[result.x].append(result)
    for x, group in by_x.items():
        where = [at[x] + shift for shift in _shifts(len(group), len(xs))]
        _draw_points(axes, where, group, bars=len(results) <= MOST_BARS)
    middle = {x: median(result.mean for result in group) for x, group in sorted(by_x.items())}
    axes.plot([at[x] for x in middle], list(middle.values()), color=LINE, linewidth=1.6)
    means = [result.mean for result in near]
    if min(means) > 0 and max(means) > SPREAD_OF_LOG * min(means):
        axes.set_yscale("log")


def _draw_points(
    axes: Axes, where: Sequence[float], group: Sequence[Result], *, bars: bool
) -> None:
    half = [result.half_width for result in group]
    axes.errorbar(
        where,
        [result.mean for result in group],
        yerr=half if bars and any(half) else None,
        fmt="o",
        color=INK,
        ecolor=GREY,
        elinewidth=1,
        alpha=0.6 if bars else 0.35,
        markersize=4 if bars else 2.5,
    )


def _places(axes: Axes, xs: Sequence[float]) -> dict[float, float]:
    """Where each value of the parameter is drawn."""
    if len(xs) > MOST_PLACES:
        if xs[0] > 0 and xs[-1] > SPREAD_OF_LOG * xs[0]:
            axes.set_xscale("log")
        return {x: x for x in xs}
    axes.set_xticks(range(len(xs)), [f"{x:g}" for x in xs])
    axes.set_xlim(-0.5, len(xs) - 0.5)
    return {x: float(place) for place, x in enumerate(xs)}


def _shifts(count: int, places: int) -> list[float]:
    """Runs of one value stand beside each other, in their order."""
    if count == 1 or places > MOST_PLACES:
        return [0.0] * count
    return [0.5 * (place / (count - 1) - 0.5) for place in range(count)]
