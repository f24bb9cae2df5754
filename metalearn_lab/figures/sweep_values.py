"""Headline results of many runs against one numeric parameter, a panel a result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure
from metalearn_lab.figures.sweep_curves import FAR_RATIO

MOST_COLUMNS = 3
MOST_CATEGORIES = 12
"""With more values than this the parameter has a numeric axis; with fewer each has its place."""
MOST_BARS = 40
"""With more runs than this the intervals would cover each other: they are left to the table."""
LOG_AXIS_RATIO = 50
LINE_COLOUR = "#0072b2"


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
    parameter: str,
    runs_by_result: Mapping[str, Sequence[Result]],
    *,
    is_over_seeds: bool = False,
) -> Figure:
    """Draw every run as a point, and a line through the medians of the runs of one value.

    Points far above the others, of runs that diverged, are left out; see `far_results`.

    Args:
        parameter: its name.
        runs_by_result: of each headline value, by its name; each has at least one run.
        is_over_seeds: whether the runs of one value differ in their seed alone. Then the line joins
            their means, with the 95 % interval of each mean over seeds.
    """
    columns = min(MOST_COLUMNS, len(runs_by_result))
    figure, panels = new_figure(
        len(runs_by_result),
        columns,
        width=max(4.0, 3.1 * columns),
        height=2.2 * math.ceil(len(runs_by_result) / columns) + 0.5,
        sharex=True,
    )
    parameter_values = sorted({run.x for runs in runs_by_result.values() for run in runs})
    for axes, (name, runs) in zip(panels, runs_by_result.items(), strict=True):
        axes.set_title(name, fontsize=9, parse_math=False)  # a $ is a $
        _draw_panel(axes, runs, parameter_values, is_over_seeds)
    figure.supxlabel(parameter, fontsize=10, parse_math=False)
    middle = "mean of the seeds, 95 % over seeds" if is_over_seeds else "median of the runs"
    handles = [
        Line2D([], [], color=INK, marker="o", markersize=4, linestyle="none", label="one run"),
        Line2D([], [], color=LINE_COLOUR, linewidth=1.6, label=middle),
    ]
    has_bars = any(
        run.half_width for runs in runs_by_result.values() if len(runs) <= MOST_BARS for run in runs
    )
    if has_bars:
        handles[0].set_label("one run, 95 % over its tasks")
    figure.legend(handles=handles, loc="outside upper left", ncols=2 if columns > 1 else 1)
    return figure


def far_results(runs: Sequence[Result]) -> list[Result]:
    """The results that would flatten all others: more than ten times as large as most are."""
    median_size = median(abs(run.mean) for run in runs)
    return [run for run in runs if abs(run.mean) > FAR_RATIO * median_size > 0]


def _draw_panel(
    axes: Axes, runs: Sequence[Result], parameter_values: Sequence[float], is_over_seeds: bool
) -> None:
    position_of = _positions(axes, parameter_values)
    outliers = far_results(runs)
    near_runs = [run for run in runs if run not in outliers]
    line_points = []
    for x in sorted({run.x for run in near_runs}):
        group = [run for run in near_runs if run.x == x]
        positions = [position_of[x] + shift for shift in _shifts(len(group), len(parameter_values))]
        _draw_points(axes, positions, group, has_intervals=len(runs) <= MOST_BARS)
        line_points.append(
            (position_of[x], *_line_point([run.mean for run in group], is_over_seeds))
        )
    line_xs, line_ys, half_widths = zip(*line_points, strict=True)
    if any(half_widths):
        axes.errorbar(
            line_xs, line_ys, yerr=half_widths, fmt="none", ecolor=LINE_COLOUR, elinewidth=3
        )
    axes.plot(line_xs, line_ys, color=LINE_COLOUR, linewidth=1.6)
    means = [run.mean for run in near_runs]
    if min(means) > 0 and max(means) > LOG_AXIS_RATIO * min(means):
        axes.set_yscale("log")


def _line_point(means: Sequence[float], is_over_seeds: bool) -> tuple[float, float]:
    """Where the line passes runs of one value, and the half-width of its interval there."""
    if not is_over_seeds or len(means) == 1:
        return median(means), 0.0
    mean, half_width, _ = interval_over_tasks(torch.tensor(means, dtype=torch.float64))
    return mean.item(), half_width.item()


def _draw_points(
    axes: Axes, positions: Sequence[float], group: Sequence[Result], *, has_intervals: bool
) -> None:
    _, means, half_widths = zip(*group, strict=True)
    axes.errorbar(
        positions,
        means,
        yerr=half_widths if has_intervals and any(half_widths) else None,
        fmt="o",
        color=INK,
        ecolor=GREY,
        elinewidth=1,
        alpha=0.6 if has_intervals else 0.35,
        markersize=4 if has_intervals else 2.5,
    )


def _positions(axes: Axes, parameter_values: Sequence[float]) -> dict[float, float]:
    """Where each value of the parameter is drawn."""
    if len(parameter_values) > MOST_CATEGORIES:
        if parameter_values[0] > 0 and parameter_values[-1] > LOG_AXIS_RATIO * parameter_values[0]:
            axes.set_xscale("log")
        return {x: x for x in parameter_values}
    axes.set_xticks(range(len(parameter_values)), [f"{x:g}" for x in parameter_values])
    axes.set_xlim(-0.5, len(parameter_values) - 0.5)
    return {x: float(index) for index, x in enumerate(parameter_values)}


def _shifts(count: int, value_count: int) -> list[float]:
    """Runs of one value stand beside each other, in their order."""
    if count == 1 or value_count > MOST_CATEGORIES:
        return [0.0] * count
    return [0.3 * (index / (count - 1) - 0.5) for index in range(count)]
