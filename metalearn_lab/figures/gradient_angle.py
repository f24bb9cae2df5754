"""The angle between the exact and the first-order meta-gradient, against the inner step size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from torch import Tensor

from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import GREY, INK, draw_band, house_style, new_figure

_TOP = 140
_LOOKS: dict[str, dict[str, Any]] = {
    "ReLU": {"color": INK, "linestyle": "-", "marker": "o"},
    "tanh": {"color": GREY, "linestyle": (0, (5, 2)), "marker": "s"},
}
_OVERSHOOTS: dict[str, Any] = {"color": INK, "linestyle": (0, (1, 2)), "linewidth": 1.6}


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


@house_style()
def gradient_angle_scene(rates: tuple[float, ...]) -> Scene[GradientAnglePicture]:
    """Both activations as lines; the chosen one thick, with its interval at every rate.

    Args:
        rates: α, the horizontal places.
    """
    figure, (axes,) = new_figure(width=8.4)
    axes.set(xscale="log", xlim=(rates[0] / 1.3, rates[-1] * 1.3), xlabel="inner step size α")
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.minorticks_off()
    axes.set(ylim=(0, _TOP), yticks=range(0, _TOP, 30), ylabel="angle, degrees", title=ROOM)
    for name, look in _LOOKS.items():
        axes.plot([], [], **look, label=name)
    axes.plot([], [], **_OVERSHOOTS, label="αλ = 1 (chosen activation)")
    axes.axhline(90, color=INK, linewidth=0.8, label="90°: beyond it, the wrong way")
    draw_band(axes, [], [], [], GREY, alpha=0.25).set_label("95 % interval (chosen)")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return Scene(figure, lambda panels, data: _draw(panels[0], rates, data))


def _draw(axes: Axes, rates: tuple[float, ...], data: GradientAnglePicture) -> Iterator[Artist]:
    mean, half_width = data.mean[data.chosen], data.half_width[data.chosen]
    band = draw_band(axes, rates, mean, half_width, _LOOKS[data.chosen]["color"], alpha=0.25)
    band.set_zorder(1.5)
    yield band
    for name, degrees in data.mean.items():
        width, size = (2.4, 6.0) if name == data.chosen else (0.9, 3.0)
        yield from axes.plot(rates, degrees, **_LOOKS[name], linewidth=width, markersize=size)
    yield axes.axvline(data.overshoots, **_OVERSHOOTS)
    yield moving_title(axes, f"Angle between the two meta-gradients: {data.setting}")
