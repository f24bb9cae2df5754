"""Two bowls, their mean before and after the inner loop, and where four algorithms settle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from torch import Tensor

from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import GREY, INK, house_style, label_of, line, new_figure, style_of

REACH = 3.0
"""The picture shows θ from −REACH to REACH."""

_MOST_LOSS = 6.0
_ROWS = ("joint", "maml", "first_order_maml", "reptile")
_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": GREY, "linewidth": 1.3, "linestyle": (0, (1, 1.5)), "label": "bowl 1"},
    {"color": GREY, "linewidth": 1.3, "linestyle": (0, (4, 1.5)), "label": "bowl 2"},
    {**line("joint"), "marker": "", "label": "mean, no inner step"},
    {**line("maml"), "marker": "", "label": "mean after k steps"},
)


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


@house_style()
def two_bowls_scene() -> Scene[TwoBowls]:
    """The curves over θ; under them a row for each algorithm with its marker."""
    figure, (above, below) = new_figure(
        2, 1, width=8.0, height=4.6, sharex=True, height_ratios=[3, 1.3]
    )
    above.set(xlim=(-REACH, REACH), ylim=(0, _MOST_LOSS), ylabel="loss", title=ROOM)
    for look in _LOOKS:
        above.plot([], [], **look)
    above.plot([], [], color=GREY, linewidth=1, label="thin, upright:\nwhere each settles")
    above.legend(loc="upper left", bbox_to_anchor=(1, 1))
    below.set(ylim=(len(_ROWS) - 0.4, -0.6), xlabel="θ, the start that is learned")
    below.set_yticks(range(len(_ROWS)), [label_of(name) for name in _ROWS])
    return Scene(figure, _draw)


def _title(bowls: Bowls) -> str:
    (a_1, a_2), (c_1, c_2) = bowls.curvatures, bowls.centres
    loop = f"α = {bowls.inner_lr:.2f}, k = {bowls.inner_steps}"
    return f"a = ({a_1:g}, {a_2:g}), c = ({c_1:g}, {c_2:g}), {loop}"


def _draw(panels: list[Axes], data: TwoBowls) -> Iterator[Artist]:
    above, below = panels
    yield moving_title(above, _title(data.setting))
    losses = (*data.bowls, data.bowls.mean(0), data.after)
    for loss, look in zip(losses, _LOOKS, strict=True):
        yield from above.plot(data.theta, loss, **look)
    for row, name in enumerate(_ROWS):
        yield from _draw_point(above, below, row, name, data.points[name])


def _draw_point(
    above: Axes, below: Axes, row: int, name: str, point: float | None
) -> Iterator[Artist]:
    """A marker in the algorithm's row, or words where it is nowhere in the picture."""
    color, linestyle, marker = style_of(name)
    words: dict[str, Any] = {"color": INK, "va": "center", "size": 9}
    edge = 0.98 * REACH
    if point is None:
        yield below.text(0, row, "does not settle", ha="center", **words)
    elif point > REACH:
        yield below.text(edge, row, f"{point:.3g} →", ha="right", **words)
    elif point < -REACH:
        yield below.text(-edge, row, f"← {point:.3g}", ha="left", **words)
    else:
        yield from below.plot(point, row, marker=marker, color=color, markersize=9)
        ends = [0, _MOST_LOSS]
        yield from above.plot([point] * 2, ends, color=color, linestyle=linestyle, linewidth=1)
