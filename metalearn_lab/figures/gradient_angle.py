"""The angle between the exact and the first-order meta-gradient, against the inner step size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from metalearn_lab.figures.moving_title import moving_title, room_for_a_title
from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_UPHILL = 90
_TOP = 140
_LOOKS: dict[str, dict[str, Any]] = {
    "ReLU": {"color": INK, "linestyle": "-", "marker": "o"},
    "tanh": {"color": GREY, "linestyle": (0, (5, 2)), "marker": "s"},
}


class GradientAnglePicture(NamedTuple):
    """What moves in the picture.

    Attributes:
        setting: what is not seen in the picture, such as start, k and number of tasks.
        chosen: the activation whose intervals are drawn, ``"ReLU"`` or ``"tanh"``.
        mean: angle in degrees by activation, ``[rates]``; NaN where there is none.
        half_width: of the 95 % interval over tasks, the same.
        overshoots: α above which an inner step overshoots on the mean task, for the chosen one.
    """

    setting: str
    chosen: str
    mean: dict[str, Tensor]
    half_width: dict[str, Tensor]
    overshoots: float


def gradient_angle_scene(rates: tuple[float, ...]) -> Scene[GradientAnglePicture]:
    """Both activations as lines; the chosen one thick, with its interval at every rate.

    Args:
        rates: α, the horizontal places.
    """
    return Scene(_frame(rates), lambda axes, data: _draw(axes[0], rates, data))


def _frame(rates: tuple[float, ...]) -> Figure:
    with house_style():
        figure, (axes,) = new_figure(width=8.4)
        axes.set_xscale("log")
        axes.set_xlim(rates[0] / 1.3, rates[-1] * 1.3)
        axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
        axes.minorticks_off()
        axes.set_ylim(0, _TOP)
        axes.set_yticks(range(0, _TOP, 30))
        axes.set_xlabel("inner step size α")
        axes.set_ylabel("angle, degrees")
        room_for_a_title(axes)
        axes.axhline(_UPHILL, color=INK, linewidth=0.8)
        for name, look in _LOOKS.items():
            axes.plot([], [], **look, label=name)
        axes.plot([], [], **_overshoots_look(), label="αλ = 1 (chosen activation)")
        axes.plot([], [], color=INK, linewidth=0.8, label="90°: beyond it, the wrong way")
        axes.fill_between(
            [], [], color=GREY, alpha=0.25, linewidth=0, label="95 % interval (chosen)"
        )
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


def _draw(axes: Axes, rates: tuple[float, ...], data: GradientAnglePicture) -> list[Artist]:
    mean, half = data.mean[data.chosen].numpy(), data.half_width[data.chosen].numpy()
    color = _LOOKS[data.chosen]["color"]
    band = axes.fill_between(
        rates, mean - half, mean + half, color=color, alpha=0.25, linewidth=0, zorder=1.5
    )
    lines = []
    for name, values in data.mean.items():
        width = 2.4 if name == data.chosen else 0.9
        size = 6.0 if name == data.chosen else 3.0
        lines += axes.plot(rates, values, **_LOOKS[name], linewidth=width, markersize=size)
    line = axes.axvline(data.overshoots, **_overshoots_look())
    words = f"Angle between the two meta-gradients: {data.setting}"
    return [band, *lines, line, moving_title(axes, words)]


def _overshoots_look() -> dict[str, Any]:
    return {"color": INK, "linestyle": (0, (1, 2)), "linewidth": 1.6}
