"""Loss and accuracy on what is adapted to and on what is asked, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from metalearn_lab.experiments.over_fitting import OverFitting
from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

_SUPPORT: dict[str, Any] = {
    "color": INK,
    "linestyle": (0, (4, 2)),
    "marker": "s",
    "label": "support: adapted to",
}
_QUERY: dict[str, Any] = {
    "color": "#0072b2",
    "linestyle": "-",
    "marker": "o",
    "label": "query: asked",
}
_TURN: dict[str, Any] = {
    "color": "#d55e00",
    "marker": "*",
    "markersize": 14,
    "linestyle": "none",
    "label": "least query loss",
}
_MARK: dict[str, Any] = {"color": INK, "linewidth": 1, "label": "the marked step"}
_DENSE = 20  # steps up to which every one is drawn


class OverFittingAt(NamedTuple):
    """What moves in the picture.

    Attributes:
        curves: of one method at one number of shots.
        step: the inner step that is marked.
        name: of the method and the number of shots.
    """

    curves: OverFitting
    step: int
    name: str


@house_style()
def over_fitting_scene(steps: int, *, most_loss: float, chance: float) -> Scene[OverFittingAt]:
    """Losses on the left, accuracies on the right, both against the inner step.

    Args:
        steps: the last inner step.
        most_loss: upper end of the losses.
        chance: accuracy of a guess.
    """
    figure, (loss, accuracy) = new_figure(2, width=9.6, height=4.0)
    ticks = [tick for tick in (0, 1, 3, 10, 30, 100, 300, 1000) if tick <= steps]
    for axes, top in ((loss, most_loss), (accuracy, 1.03)):
        axes.set_xscale("symlog", linthresh=1)
        axes.set(xlim=(-0.15, steps * 1.1), ylim=(0, top), xlabel="inner step", title=ROOM)
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
    accuracy.axhline(chance, color=GREY, linestyle=":", linewidth=1.2)
    for look in (_SUPPORT, _QUERY, _TURN, _MARK):
        loss.plot([], [], **look)
    figure.legend(*loss.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return Scene(figure, _draw)


def _draw(panels: list[Axes], data: OverFittingAt) -> Iterator[Artist]:
    curves, turn = data.curves, data.curves.turning_step
    tasks, last = curves.query_loss.shape[0], curves.query_loss.shape[1] - 1
    # Evenly on a logarithmic axis.
    steps = sorted({min(round(1.12**i), last) for i in range(80)} | {*range(min(_DENSE, last))})
    titles = (f"Loss: {data.name}", f"Accuracy: mean over {tasks} episodes")
    sides = (
        (curves.support_loss, curves.query_loss),
        (curves.support_accuracy, curves.query_accuracy),
    )
    for axes, title, (support, query) in zip(panels, titles, sides, strict=True):
        yield moving_title(axes, title)
        for values, look in ((support, _SUPPORT), (query, _QUERY)):
            mean = values.mean(0)[steps]
            yield from axes.plot(steps, mean, **look, markevery=0.12, markersize=4.5)
        yield from axes.plot(turn, float(query.mean(0)[turn]), **_TURN)
        yield axes.axvline(data.step, **_MARK)
