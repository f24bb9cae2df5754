"""Two bowls, their mean before and after the inner loop, and where four algorithms settle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.figures.moving_title import moving_title
from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, label_of, new_figure, style_of

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

REACH = 3.0
"""The picture shows θ from −REACH to REACH."""

_MOST_LOSS = 6.0
_ROWS = ("joint", "maml", "first_order_maml", "reptile")
_BOWLS: tuple[dict[str, Any], ...] = ({"linestyle": (0, (1, 1.5))}, {"linestyle": (0, (4, 1.5))})


class TwoBowls(NamedTuple):
    """What the picture shows.

    Attributes:
        setting: the tasks and the inner loop.
        theta: where the curves are drawn, ``[points]``.
        bowls: L_1 and L_2 there, ``[2, points]``.
        after: mean loss after k inner steps there, ``[points]``.
        points: where each algorithm settles, by its name; None where it does not.
    """

    setting: Bowls
    theta: Tensor
    bowls: Tensor
    after: Tensor
    points: Mapping[str, float | None]


def two_bowls_scene() -> Scene[TwoBowls]:
    """The curves over θ; under them a row for each algorithm with its marker."""
    with house_style():
        figure, (axes,) = new_figure(width=8.0, height=4.6)
        axes.remove()
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.3])
        above.set(xlim=(-REACH, REACH), ylim=(0, _MOST_LOSS), ylabel="loss", title=" ")
        for number, look in enumerate(_BOWLS, 1):
            above.plot([], [], color=GREY, linewidth=1.3, label=f"bowl {number}", **look)
        above.plot([], [], **_mean_look("joint"), label="mean, no inner step")
        above.plot([], [], **_mean_look("maml"), label="mean after k steps")
        above.plot([], [], color=GREY, linewidth=1, label="thin, upright:\nwhere each settles")
        above.legend(loc="upper left", bbox_to_anchor=(1, 1))
        below.set(ylim=(len(_ROWS) - 0.4, -0.6), xlabel="θ, the start that is learned")
        below.set_yticks(range(len(_ROWS)), [label_of(name) for name in _ROWS])
    return Scene(figure, _draw)


def _title(bowls: Bowls) -> str:
    (a_1, a_2), (c_1, c_2) = bowls.curvatures, bowls.centres
    loop = f"α = {bowls.inner_lr:.2f}, k = {bowls.inner_steps}"
    return f"a = ({a_1:g}, {a_2:g}), c = ({c_1:g}, {c_2:g}), {loop}"


def _mean_look(name: str) -> dict[str, Any]:
    style = style_of(name)
    return {"color": style.color, "linestyle": style.linestyle, "linewidth": 2.0}


def _draw(panels: list[Axes], data: TwoBowls) -> list[Artist]:
    above, below = panels
    theta = data.theta.numpy()
    lines: list[Artist] = [moving_title(above, _title(data.setting))]
    for bowl, look in zip(data.bowls.numpy(), _BOWLS, strict=True):
        lines += above.plot(theta, bowl, color=GREY, linewidth=1.3, **look)
    lines += above.plot(theta, data.bowls.mean(0).numpy(), **_mean_look("joint"))
    lines += above.plot(theta, data.after.numpy(), **_mean_look("maml"))
    for row, name in enumerate(_ROWS):
        lines += _draw_point(above, below, row, name, data.points[name])
    return lines


def _draw_point(
    above: Axes, below: Axes, row: int, name: str, point: float | None
) -> Iterator[Artist]:
    """A marker in the algorithm's row, or words where it is nowhere in the picture."""
    style = style_of(name)
    if point is None:
        yield below.text(0, row, "does not settle", color=INK, ha="center", va="center", size=9)
    elif abs(point) > REACH:
        side = 1 if point > 0 else -1
        words = f"{point:.3g} →" if side > 0 else f"← {point:.3g}"
        align = "right" if side > 0 else "left"
        yield below.text(side * REACH * 0.98, row, words, color=INK, ha=align, va="center", size=9)
    else:
        yield from below.plot(
            [point], [row], linestyle="none", marker=style.marker, color=style.color, markersize=9
        )
        yield from above.plot(
            [point] * 2, [0, _MOST_LOSS], color=style.color, linestyle=style.linestyle, linewidth=1
        )
