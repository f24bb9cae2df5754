"""Points that a reader has drawn, and each learner's curve before and after it adapts to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor

from metalearn_lab.figures.style import GREY, INK, house_style, line, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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


def drawn_task_figure(drawn: DrawnTask, step: int) -> Figure:
    """One panel: the points, and of each learner a thin curve before and a thick one after.

    Args:
        drawn: with ``step`` or more inner steps.
        step: after which the thick curves are.

    Raises:
        ValueError: an unknown learner.
    """
    with house_style():
        figure, (axes,) = new_figure(width=9.0, height=4.2)
        axes.set(xlim=X_RANGE, ylim=Y_RANGE, xlabel="x", ylabel="y")
        if drawn.truth is not None:
            label = "the sinusoid of the points"
            axes.plot(drawn.x, drawn.truth, color=GREY, linestyle=(0, (4, 3)), lw=1.4, label=label)
        for place, (name, curves) in enumerate(drawn.curves.items()):
            _draw_learner(axes, drawn.x, name, curves, step, place)
        label = f"{len(drawn.points)} {'point' if len(drawn.points) == 1 else 'points'}"
        axes.plot(
            *drawn.points.T,
            color=INK,
            linestyle="none",
            marker="o",
            markeredgecolor="white",
            markersize=9,
            zorder=5,
            label=label,
        )
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _draw_learner(axes: Axes, x: Tensor, name: str, curves: Tensor, step: int, place: int) -> None:
    look = line(name)
    axes.plot(x, curves[0], color=look["color"], linestyle=look["linestyle"], linewidth=1.1)
    count = f"{step} {'step' if step == 1 else 'steps'}"
    look["label"] = f"{look['label']}\nafter {count} (thin: before)"
    axes.plot(x, curves[step], **look, markevery=(4 + 6 * place, 12))
