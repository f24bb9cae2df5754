"""Small multiples: the adaptation curves of many runs, one panel a setting, on shared axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from metalearn_lab.figures.style import house_style, label_of, style_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
SPREAD_OF_LOG = 100
"""Losses that differ by more than this factor are drawn on a logarithmic axis."""
FAR = 10
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
        log: whether it is logarithmic.
        beyond: how many curves leave the picture, at the top or because they are not finite.
    """

    limits: tuple[float, float]
    log: bool
    beyond: int


def scale_of(panels: Panels, kind: str) -> Scale:
    """An axis on which a few curves that diverged do not flatten the others.

    Args:
        panels: what is to be drawn.
        kind: ``"accuracy"``, which has 0…1, or ``"loss"``.
    """
    curves = [_numbers(curve.mean) for curve in _all_curves(panels)]
    finite = [value for curve in curves for value in curve if math.isfinite(value)]
    if kind == "accuracy" or not finite:
        return Scale((0.0, 1.0), log=False, beyond=_leaving(curves, 1.0))
    peaks = [max(filter(math.isfinite, curve), default=0.0) for curve in curves]
    top = min(max(finite), FAR * median(peaks)) or 1.0
    positive = [value for value in finite if 0 < value <= top]
    log = bool(positive) and top > SPREAD_OF_LOG * min(positive)
    limits = (min(positive) / 1.5, 1.5 * top) if log else (0.0, 1.05 * top)
    return Scale(limits, log, _leaving(curves, top))


def sweep_curves_figure(panels: Panels, scale: Scale, ylabel: str) -> Figure:
    """Draw the panels; a learner has its own line style in all of them.

    A panel of one run shows the 95 % interval over its tasks; one of several shows each run thin
    and their median thick.

    Args:
        panels: at least one.
        scale: see `scale_of`.
        ylabel: what is measured.
    """
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    looks = _looks(panels)
    with house_style():
        size = (max(4.2, 2.5 * columns), 1.9 * rows + 0.4 + 0.22 * math.ceil(len(looks) / 3))
        figure = Figure(figsize=size, dpi=80, layout="constrained")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes, (title, runs) in zip(grid.flat, panels.items(), strict=False):
            _draw_panel(axes, title, runs, looks)
        hide_empty(grid, len(panels))
        _finish(figure, grid[0, 0], scale, ylabel, looks)
    return figure


def learner_label(name: str) -> str:
    """What a learner is called; one that the workbook does not know keeps its own name."""
    learner, comma, apart = name.partition(", ")
    return label_of(learner) + comma + apart


def _all_curves(panels: Panels) -> Iterator[Curve]:
    return (curve for runs in panels.values() for run in runs for curve in run.values())


def _numbers(values: Sequence[float]) -> list[float]:
    return [float(value) for value in values]


def _leaving(curves: Sequence[Sequence[float]], top: float) -> int:
    return sum(any(not value <= top for value in curve) for curve in curves)


def _looks(panels: Panels) -> dict[str, dict[str, Any]]:
    """How each learner is drawn; a second training of a learner thin, with open markers."""
    looks: dict[str, dict[str, Any]] = {}
    drawn: set[str] = set()
    for name in dict.fromkeys(name for runs in panels.values() for run in runs for name in run):
        learner = name.partition(", ")[0]
        look = style_of(learner)._asdict()
        if learner in drawn:
            look |= {"linewidth": 1.0, "markerfacecolor": "white"}
        drawn.add(learner)
        looks[name] = look
    return looks


def _draw_panel(
    axes: Axes, title: str, runs: Sequence[Run], looks: Mapping[str, dict[str, Any]]
) -> None:
    axes.set_title(title, fontsize=9, parse_math=False)  # a $ is a $
    for name, look in looks.items():
        curves = [run[name] for run in runs if name in run]
        if len(runs) == 1 and curves:
            _draw_band(axes, curves[0], look["color"])
        elif curves:
            _draw_thin(axes, curves, look)
        if curves:
            middle = median_curve(curves)
            small = {"markersize": 3.5, "linewidth": 1.6} | look
            axes.plot(range(len(middle)), middle, **small, markevery=max(1, len(middle) // 5))


def _draw_band(axes: Axes, curve: Curve, color: str) -> None:
    mean, half = _numbers(curve.mean), _numbers(curve.half_width)
    low = [m - h for m, h in zip(mean, half, strict=True)]
    high = [m + h for m, h in zip(mean, half, strict=True)]
    axes.fill_between(range(len(mean)), low, high, color=color, alpha=0.18, linewidth=0)


def _draw_thin(axes: Axes, curves: Sequence[Curve], look: Mapping[str, Any]) -> None:
    for curve in curves:
        mean = _numbers(curve.mean)
        axes.plot(range(len(mean)), mean, color=look["color"], linewidth=0.5, alpha=0.35)


def median_curve(curves: Sequence[Curve]) -> list[float]:
    """The median of some curves after each step that all of them have; no number counts as ∞."""
    values = [[each if each == each else math.inf for each in _numbers(c.mean)] for c in curves]
    return [median(step) for step in zip(*values, strict=False)]


def hide_empty(grid: Any, used: int) -> None:
    """Hide the axes of a grid that stay empty; those above them show their own numbers then."""
    for place in range(used, grid.size):
        grid.flat[place].set_visible(False)
        grid.flat[place - grid.shape[1]].xaxis.set_tick_params(labelbottom=True)


def _finish(
    figure: Figure, axes: Axes, scale: Scale, ylabel: str, looks: Mapping[str, dict[str, Any]]
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if scale.log:
        axes.set_yscale("log")
    axes.set_ylim(*scale.limits)
    figure.supxlabel("inner step", fontsize=10)
    ylabel += " (log scale)" if scale.log else ""
    figure.supylabel(ylabel, fontsize=10, parse_math=False)
    lines = [Line2D([], [], label=learner_label(name), **look) for name, look in looks.items()]
    legend = figure.legend(handles=lines, loc="outside upper left", ncols=3)
    for text in legend.get_texts():
        text.set_parse_math(False)
