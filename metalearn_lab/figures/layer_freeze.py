"""How much each layer's features changed, and how the query loss fell, when some layers move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.figures.moving_title import moving_title, room_for_a_title
from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure, style_of

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OFF_THE_SCALE = 1e6


class LayerFreezePicture(NamedTuple):
    """What moves in the picture.

    Attributes:
        title: what is set, in few words.
        moves: for each layer, whether the inner loop moves it.
        similarity: of each layer's features to those before, ``[layers]``.
        chosen: score after each step with the chosen layers moving, ``[steps + 1]`` each.
        everything: the same with all layers moving.
        step: the inner step that is looked at.
    """

    title: str
    moves: Sequence[bool]
    similarity: Interval
    chosen: Interval
    everything: Interval
    step: int


def layer_freeze_scene(
    layers: Sequence[str], *, learner: str, score: str, steps: int, most: float
) -> Scene[LayerFreezePicture]:
    """Bars of similarity on the left, the score against the inner step on the right.

    Args:
        layers: their names, from the input up.
        learner: whose colour and marker to use.
        score: what the right panel shows, such as ``"query loss"``.
        steps: the last inner step.
        most: upper end of the score's axis.
    """
    frame = _frame(layers, learner, score, steps, most)
    return Scene(
        frame, lambda axes, data: [*_bars(axes[0], data, learner), *_curves(axes[1], data, learner)]
    )


def _frame(layers: Sequence[str], learner: str, score: str, steps: int, most: float) -> Figure:
    from matplotlib.patches import Patch

    with house_style():
        figure, (bars, curves) = new_figure(2, width=10.0, height=3.6)
        bars.set(xlim=(0, 1.05), ylim=(-0.6, len(layers) - 0.4))
        bars.set_yticks(range(len(layers)), layers)
        bars.grid(axis="y", visible=False)
        room_for_a_title(bars)
        bars.set_xlabel("linear CKA with the features before; black: 95 % interval")
        bars.legend(
            handles=[_patch(Patch, moved, learner) for moved in (True, False)],
            loc="upper center",
            bbox_to_anchor=(0.5, -0.2),
            ncols=2,
        )
        curves.set(xlim=(-0.2, steps + 0.2), ylim=(0, most), xlabel="inner step")
        curves.set_title(f"{score.capitalize()}, mean and 95 % interval")
        curves.plot([], [], **_chosen_look(learner))
        curves.plot([], [], **_everything_look())
        curves.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    return figure


def _bars(axes: Axes, data: LayerFreezePicture, learner: str) -> list[Artist]:
    from matplotlib.patches import Rectangle

    drawn: list[Artist] = [moving_title(axes, data.title)]
    rows = zip(data.moves, data.similarity.mean, data.similarity.half_width, strict=True)
    for place, (moved, mean, half) in enumerate(rows):
        corner = (0, place - 0.3)
        patch = Rectangle(corner, float(mean), 0.6, **_bar_look(moved, learner))
        drawn.append(axes.add_patch(patch))
        ends = [max(float(mean - half), 0), float(mean + half)]
        drawn += axes.plot(ends, [place, place], color=INK, linewidth=2.5)
    return drawn


def _curves(axes: Axes, data: LayerFreezePicture, learner: str) -> list[Artist]:
    steps = range(len(data.chosen.mean))
    drawn: list[Artist] = []
    for interval, look in (
        (data.chosen, _chosen_look(learner)),
        (data.everything, _everything_look()),  # on top and thin: both may be the same line
    ):
        mean, half = (_shown(part) for part in interval[:2])
        drawn += axes.plot(steps, mean, **look)
        band: dict[str, Any] = {"color": look["color"], "alpha": 0.18, "linewidth": 0}
        drawn.append(axes.fill_between(steps, mean - half, mean + half, **band))
    at = data.step
    drawn.append(axes.axvline(at, color=INK, linewidth=1, linestyle=(0, (1, 2))))
    return drawn


def _shown(values: Tensor) -> Tensor:
    """What has diverged lies above the picture."""
    return values.nan_to_num(_OFF_THE_SCALE).clamp(max=_OFF_THE_SCALE)


def _bar_look(moved: bool, learner: str) -> dict[str, Any]:
    if moved:
        return {"facecolor": style_of(learner).color, "edgecolor": INK}
    return {"facecolor": "#e8e8e8", "edgecolor": GREY, "hatch": "///"}


def _patch(kind: type, moved: bool, learner: str) -> Artist:
    patch: Artist = kind(**_bar_look(moved, learner), label="moves" if moved else "frozen")
    return patch


def _chosen_look(learner: str) -> dict[str, Any]:
    style = style_of(learner)
    return {"color": style.color, "marker": style.marker, "label": "the layers that you let move"}


def _everything_look() -> dict[str, Any]:
    look = {"color": INK, "linestyle": (0, (4, 3)), "linewidth": 1.2}
    return {**look, "label": "all layers move"}
