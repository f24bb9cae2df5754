"""One task, many learners: the fit of one of them, and the query loss of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from torch import Tensor

from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import GREY, INK, house_style, label_of, line, new_figure

_LOSSES = (1e-2, 3e1)
_TRUTH: dict[str, Any] = {
    "color": GREY,
    "linestyle": (0, (4, 3)),
    "linewidth": 1.4,
    "label": "the new sinusoid",
}
_SUPPORT: dict[str, Any] = {
    "color": INK,
    "linestyle": "none",
    "marker": "*",
    "markersize": 10,
    "label": "support points",
}


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


@house_style()
def side_by_side_scene(learners: Sequence[str], steps: int) -> Scene[SideBySide]:
    """The fit on the left, the losses of all against the inner step on the right.

    Args:
        learners: by their names in the figures' style.
        steps: the last inner step.
    """
    figure, (fit, losses) = new_figure(2, width=10.0, height=3.6)
    fit.set(xlim=(-5, 5), ylim=(-7, 7), xlabel="x", ylabel="y", title=ROOM)
    fit.plot([], [], **_TRUTH)
    fit.plot([], [], **_SUPPORT)
    fit.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    losses.set(xlim=(-0.2, steps + 0.2), ylim=_LOSSES, yscale="log", xlabel="inner step")
    losses.set(ylabel="mean squared error", title="Query loss of every learner")
    for name in learners:
        losses.plot([], [], **line(name))
    losses.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return Scene(figure, _draw)


def _draw(panels: list[Axes], data: SideBySide) -> Iterator[Artist]:
    fit, losses = panels
    count = f"{data.step} {'step' if data.step == 1 else 'steps'}"
    yield moving_title(fit, f"Sinusoid {data.task}: {label_of(data.learner)} after {count}")
    yield from fit.plot(data.x, data.truth, **_TRUTH)
    yield from fit.plot(*data.support.T, **_SUPPORT)
    yield from fit.plot(data.x, data.fit, **{**line(data.learner), "marker": ""})
    yield losses.axvline(data.step, color=INK, linewidth=1, linestyle=(0, (1, 2)))
    for name, values in data.losses.items():
        shown = values.nan_to_num(2 * _LOSSES[1]).clamp(*_LOSSES)
        yield from losses.plot(range(len(shown)), shown, **{**line(name), "linewidth": 1.5})
