"""Points that a reader has drawn, and each learner's curve before and after it adapts to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from torch import Tensor

from metalearn_lab.figures.style import GREY, INK, house_style, line, new_figure

TRUTH: dict[str, Any] = {
    "color": GREY,
    "linestyle": (0, (4, 3)),
    "linewidth": 1.4,
    "label": "the sinusoid of the points",
}
POINTS: dict[str, Any] = {
    "color": INK,
    "linestyle": "none",
    "marker": "o",
    "markeredgecolor": "white",
    "markersize": 9,
    "zorder": 5,
}

X_RANGE = (-5.0, 5.0)
"""Where points may lie across: the inputs of the sinusoids."""

Y_RANGE = (-6.0, 6.0)
"""Where points may lie upright: a sinusoid of the largest amplitude, 5, and some room."""


class DrawnTask(NamedTuple):
    """What the figure shows.

    Attributes:
        x: where the curves are drawn, ``[grid]``.
        points: the support points, ``[K, 2]``.
        curves: by learner, after 0, …, k inner steps: ``[k + 1, grid]``.
        errors: by learner, the mean squared error on the points: ``[k + 1]``, NaN without points.
        truth: the sinusoid that the points were drawn from, ``[grid]``; None for a reader's own.
    """

    x: Tensor
    points: Tensor
    curves: Mapping[str, Tensor]
    errors: Mapping[str, Tensor]
    truth: Tensor | None


@house_style()
def drawn_task_figure(drawn: DrawnTask, step: int) -> Figure:
    """One panel: the points, and of each learner a thin curve before and a thick one after.

    Args:
        drawn: with ``step`` or more inner steps.
        step: after which the thick curves are.
    """
    figure, (axes,) = new_figure(width=9.0, height=4.2)
    axes.set(xlim=X_RANGE, ylim=Y_RANGE, xlabel="x", ylabel="y")
    if drawn.truth is not None:
        axes.plot(drawn.x, drawn.truth, **TRUTH)
    after = f"after {step} {'step' if step == 1 else 'steps'} (thin: before)"
    for index, (name, curves) in enumerate(drawn.curves.items()):
        look = line(name)
        before = {**look, "marker": "", "linewidth": 1.1, "label": None}
        axes.plot(drawn.x, curves[0], **before)
        look["label"] += f"\n{after}"
        axes.plot(drawn.x, curves[step], **look, markevery=(4 + 6 * index, 12))
    count = len(drawn.points)
    axes.plot(*drawn.points.T, **POINTS, label=f"{count} {'point' if count == 1 else 'points'}")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure
