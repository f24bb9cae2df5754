"""Loss and accuracy on what is adapted to and on what is asked, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from metalearn_lab.experiments.over_fitting import OverFitting
from metalearn_lab.figures.moving_title import moving_title, room_for_a_title
from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SUPPORT: dict[str, Any] = {"color": INK, "linestyle": (0, (4, 2)), "marker": "s"}
_QUERY: dict[str, Any] = {"color": "#0072b2", "linestyle": "-", "marker": "o"}
_TURN: dict[str, Any] = {"color": "#d55e00", "marker": "*", "markersize": 14, "linestyle": "none"}
_MARK: dict[str, Any] = {"color": INK, "linewidth": 1}
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


def over_fitting_scene(steps: int, *, most_loss: float, chance: float) -> Scene[OverFittingAt]:
    """Losses on the left, accuracies on the right, both against the inner step.

    Args:
        steps: the last inner step.
        most_loss: upper end of the losses.
        chance: accuracy of a guess.
    """
    return Scene(_frame(steps, most_loss, chance), _draw)


def _frame(steps: int, most_loss: float, chance: float) -> Figure:
    with house_style():
        figure, (loss, accuracy) = new_figure(2, width=9.6, height=4.0)
        ticks = [tick for tick in (0, 1, 3, 10, 30, 100, 300, 1000) if tick <= steps]
        for axes in (loss, accuracy):
            axes.set_xscale("symlog", linthresh=1)
            axes.set(xlim=(-0.15, steps * 1.1), xlabel="inner step")
            axes.set_xticks(ticks, [str(tick) for tick in ticks])
            axes.minorticks_off()
        loss.set_ylim(0, most_loss)
        room_for_a_title(loss)
        accuracy.set_ylim(0, 1.03)
        room_for_a_title(accuracy)
        accuracy.axhline(chance, color=GREY, linestyle=":", linewidth=1.2)
        loss.plot([], [], **_SUPPORT, label="support: adapted to")
        loss.plot([], [], **_QUERY, label="query: asked")
        loss.plot([], [], **_TURN, label="least query loss")
        loss.plot([], [], **_MARK, label="the marked step")
        handles, labels = loss.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _draw(axes: list[Axes], data: OverFittingAt) -> list[Artist]:
    curves, turn = data.curves, data.curves.turning_step
    sides = (
        (axes[0], curves.support_loss, curves.query_loss),
        (axes[1], curves.support_accuracy, curves.query_accuracy),
    )
    drawn: list[Artist] = [
        moving_title(axes[0], f"Loss: {data.name}"),
        moving_title(axes[1], f"Accuracy: mean over {len(curves.query_loss)} episodes"),
    ]
    for panel, support, query in sides:
        drawn += _line(panel, support, _SUPPORT) + _line(panel, query, _QUERY)
        drawn += panel.plot(turn, float(query.mean(0)[turn]), **_TURN)
        drawn.append(panel.axvline(data.step, **_MARK))
    return drawn


def _line(axes: Axes, values: Tensor, look: dict[str, Any]) -> list[Artist]:
    """A mean over tasks, at steps that lie evenly on a logarithmic axis."""
    mean = values.mean(0)
    last = len(mean) - 1
    steps = sorted({min(round(1.12**i), last) for i in range(80)} | set(range(min(_DENSE, last))))
    return list(axes.plot(steps, mean[steps].numpy(), **look, markevery=0.12, markersize=4.5))
