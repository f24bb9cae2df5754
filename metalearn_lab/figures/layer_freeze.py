"""How much each layer's features changed, and how the query loss fell, when some layers move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import GREY, INK, draw_band, house_style, new_figure, style_of

_OFF_THE_SCALE = 1e6
_FROZEN: dict[str, Any] = {"facecolor": "#e8e8e8", "edgecolor": GREY, "hatch": "///"}
_EVERYTHING: dict[str, Any] = {
    "color": INK,
    "linestyle": (0, (4, 3)),
    "linewidth": 1.2,
    "label": "all layers move",
}
_BELOW: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "ncols": 2}


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


@house_style()
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
    color, _, marker = style_of(learner)
    moves: dict[str, Any] = {"facecolor": color, "edgecolor": INK}
    chosen: dict[str, Any] = {
        "color": color,
        "marker": marker,
        "label": "the layers that you let move",
    }
    figure, (bars, curves) = new_figure(2, width=10.0, height=3.6)
    bars.set(xlim=(0, 1.05), ylim=(-0.6, len(layers) - 0.4), title=ROOM)
    bars.set_xlabel("linear CKA with the features before; black: 95 % interval")
    bars.set_yticks(range(len(layers)), layers)
    bars.grid(axis="y", visible=False)
    bars.legend(handles=[Patch(**moves, label="moves"), Patch(**_FROZEN, label="frozen")], **_BELOW)
    curves.set(xlim=(-0.2, steps + 0.2), ylim=(0, most), xlabel="inner step")
    curves.set_title(f"{score.capitalize()}, mean and 95 % interval")
    for look in (chosen, _EVERYTHING):
        curves.plot([], [], **look)
    curves.legend(**_BELOW)

    def draw(panels: list[Axes], data: LayerFreezePicture) -> Iterator[Artist]:
        yield from _draw_bars(panels[0], data, moves)
        yield from _draw_curve(panels[1], data.chosen, chosen)
        yield from _draw_curve(panels[1], data.everything, _EVERYTHING)  # thin: may be the same
        yield panels[1].axvline(data.step, color=INK, linewidth=1, linestyle=(0, (1, 2)))

    return Scene(figure, draw)


def _draw_bars(axes: Axes, data: LayerFreezePicture, moves: dict[str, Any]) -> Iterator[Artist]:
    yield moving_title(axes, data.title)
    layers = zip(data.moves, data.similarity.mean, data.similarity.half_width, strict=True)
    for row, (moved, mean, half_width) in enumerate(layers):
        look = moves if moved else _FROZEN
        yield axes.add_patch(Rectangle((0, row - 0.3), float(mean), 0.6, **look))
        ends = [max(float(mean - half_width), 0), float(mean + half_width)]
        yield from axes.plot(ends, [row, row], color=INK, linewidth=2.5)


def _draw_curve(axes: Axes, score: Interval, look: dict[str, Any]) -> Iterator[Artist]:
    """What has diverged lies above the picture."""
    mean, half_width = (
        values.nan_to_num(_OFF_THE_SCALE).clamp(max=_OFF_THE_SCALE) for values in score[:2]
    )
    yield from axes.plot(range(len(mean)), mean, **look)
    yield draw_band(axes, range(len(mean)), mean, half_width, look["color"])
