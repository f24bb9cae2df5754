"""Small multiples: the adaptation curves of many runs, one panel a setting, on shared axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from metalearn_lab.figures.style import draw_band, house_style, lines_of, new_figure

COLUMNS = 4
LOG_AXIS_RATIO = 100
"""Losses that differ by more than this factor are drawn on a logarithmic axis."""
FAR_RATIO = 10
"""A curve that rises above this many times the median of all curves' peaks leaves the picture."""


class Curve(NamedTuple):
    """One learner's curve in one run: mean and 95 % half-width after each inner step."""

    mean: Sequence[float]
    half_width: Sequence[float]


Run = Mapping[str, Curve]
"""The curves of one run by learner."""

Panels = Mapping[str, Sequence[Run]]
"""The runs of each panel, by the panel's title."""


class Scale(NamedTuple):
    """The vertical axis that all panels share.

    Attributes:
        limits: bottom and top.
        is_log: whether it is logarithmic.
        beyond: how many curves leave the picture, at the top or because they are not finite.
    """

    limits: tuple[float, float]
    is_log: bool
    beyond: int


def scale_of(panels: Panels, kind: str) -> Scale:
    """An axis on which a few curves that diverged do not flatten the others.

    Args:
        panels: what is to be drawn.
        kind: ``"accuracy"``, which has 0…1, or ``"loss"``.
    """
    curves = [curve.mean for runs in panels.values() for run in runs for curve in run.values()]
    finite = [value for curve in curves for value in curve if math.isfinite(value)]
    if kind == "accuracy" or not finite:
        return Scale((0.0, 1.0), is_log=False, beyond=_leaving(curves, 1.0))
    peaks = [max(filter(math.isfinite, curve), default=0.0) for curve in curves]
    top = min(max(finite), FAR_RATIO * median(peaks)) or 1.0
    positive = [value for value in finite if 0 < value <= top]
    is_log = bool(positive) and top > LOG_AXIS_RATIO * min(positive)
    limits = (min(positive) / 1.5, 1.5 * top) if is_log else (0.0, 1.05 * top)
    return Scale(limits, is_log, _leaving(curves, top))


@house_style()
def sweep_curves_figure(panels: Panels, scale: Scale, ylabel: str) -> Figure:
    """Draw the panels; a learner has its own line style in all of them.

    A panel of one run shows the 95 % interval over its tasks; one of several shows each run thin
    and their median thick.

    Args:
        panels: at least one.
        scale: see `scale_of`.
        ylabel: what is measured.
    """
    lines = lines_of(
        dict.fromkeys(name for runs in panels.values() for run in runs for name in run)
    )
    columns = min(COLUMNS, len(panels))
    figure, grid = new_figure(
        len(panels),
        columns,
        width=max(4.2, 2.5 * columns),
        height=1.9 * math.ceil(len(panels) / columns) + 0.4 + 0.22 * math.ceil(len(lines) / 3),
        sharex=True,
        sharey=True,
    )
    for axes, (title, runs) in zip(grid, panels.items(), strict=True):
        axes.set_title(title, fontsize=9, parse_math=False)  # a $ is a $
        _draw_runs(axes, runs, lines)
    grid[0].xaxis.set_major_locator(MaxNLocator(integer=True))
    grid[0].set(yscale="log" if scale.is_log else "linear", ylim=scale.limits)
    several = any(len(runs) > 1 for runs in panels.values())
    meaning = " (thin: each run; thick: the median of a panel's runs)" if several else ""
    figure.supxlabel(f"inner step{meaning}", fontsize=10)
    ylabel += " (log scale)" if scale.is_log else ""
    figure.supylabel(ylabel, fontsize=10, parse_math=False)
    handles = [Line2D([], [], **look) for look in lines.values()]
    for text in figure.legend(handles=handles, loc="outside upper left", ncols=3).get_texts():
        text.set_parse_math(False)
    return figure


def median_curve(curves: Sequence[Curve]) -> list[float]:
    """The median of some curves after each step that all of them have; no number counts as ∞."""
    means = [[math.inf if math.isnan(mean) else mean for mean in curve.mean] for curve in curves]
    return [median(step) for step in zip(*means, strict=False)]


def _leaving(curves: Sequence[Sequence[float]], top: float) -> int:
    return sum(any(not value <= top for value in curve) for curve in curves)


def _draw_runs(axes: Axes, runs: Sequence[Run], lines: Mapping[str, dict[str, Any]]) -> None:
    for name, look in lines.items():
        curves = [run[name] for run in runs if name in run]
        for mean, half_width in curves:
            steps = range(len(mean))
            if len(runs) == 1:
                draw_band(axes, steps, mean, half_width, look["color"])
            else:
                axes.plot(steps, mean, color=look["color"], linewidth=0.5, alpha=0.35)
        if middle := median_curve(curves):
            thick = {"markersize": 3.5, "linewidth": 1.6} | look
            axes.plot(range(len(middle)), middle, **thick, markevery=max(1, len(middle) // 5))
