"""One task, many learners: the fit of one of them, and the query loss of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from metalearn_lab.figures.moving_title import moving_title, room_for_a_title
from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, label_of, line, new_figure

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOSSES = (1e-2, 3e1)


class SideBySide(NamedTuple):
    """What moves in the picture.

    Attributes:
        task: its number.
        x: where curves are drawn, ``[points]``.
        truth: the sinusoid, ``[points]``.
        support: the support points, ``[K, 2]``.
        learner: whose fit is shown.
        fit: its curve after ``step`` inner steps, ``[points]``.
        losses: by learner, the query loss after 0, 1, … steps.
        step: the inner step that is looked at.
    """

    task: int
    x: Tensor
    truth: Tensor
    support: Tensor
    learner: str
    fit: Tensor
    losses: Mapping[str, Tensor]
    step: int


def side_by_side_scene(learners: Sequence[str], steps: int) -> Scene[SideBySide]:
    """The fit on the left, the losses of all against the inner step on the right.

    Args:
        learners: by their names in the figures' style.
        steps: the last inner step.

    Raises:
        ValueError: no such learner.
    """
    return Scene(_frame(learners, steps), _draw)


def _frame(learners: Sequence[str], steps: int) -> Figure:
    with house_style():
        figure, (fit, losses) = new_figure(2, width=10.0, height=3.6)
        fit.set(xlim=(-5, 5), ylim=(-7, 7), xlabel="x", ylabel="y")
        fit.plot([], [], **_truth_look())
        fit.plot([], [], **_support_look())
        room_for_a_title(fit)
        fit.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
        losses.set(xlim=(-0.2, steps + 0.2), ylim=_LOSSES, yscale="log", xlabel="inner step")
        losses.set_ylabel("mean squared error")
        losses.set_title("Query loss of every learner")
        for name in learners:
            losses.plot([], [], **line(name))
        losses.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _draw(axes: list[Axes], data: SideBySide) -> list[Artist]:
    fit, losses = axes
    count = f"{data.step} {'step' if data.step == 1 else 'steps'}"
    title = f"Sinusoid {data.task}: {label_of(data.learner)} after {count}"
    drawn: list[Artist] = [
        moving_title(fit, title),
        *fit.plot(data.x, data.truth, **_truth_look()),
        *fit.plot(*data.support.T, **_support_look()),
        *fit.plot(data.x, data.fit, **{**line(data.learner), "marker": ""}),
        losses.axvline(data.step, color=INK, linewidth=1, linestyle=(0, (1, 2))),
    ]
    for name, values in data.losses.items():
        shown = values.nan_to_num(2 * _LOSSES[1]).clamp(*_LOSSES)
        drawn += losses.plot(range(len(shown)), shown, **{**line(name), "linewidth": 1.5})
    return drawn


def _truth_look() -> dict[str, Any]:
    return {"color": GREY, "linestyle": (0, (4, 3)), "linewidth": 1.4, "label": "the new sinusoid"}


def _support_look() -> dict[str, Any]:
    look = {"color": INK, "linestyle": "none", "marker": "*", "markersize": 10}
    return {**look, "label": "support points"}
