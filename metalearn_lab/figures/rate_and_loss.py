"""The rate of each step of a descent, and the loss before and after it, on logarithmic axes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import GREY, house_style, new_figure

LOOKS: tuple[dict[str, Any], ...] = (
    {"color": "#d55e00", "linewidth": 2.6},
    {"color": "#0072b2", "linewidth": 1.8, "linestyle": (0, (6, 2))},
    {"color": "#1a1a1a", "linewidth": 1.6, "linestyle": (0, (1, 1.5))},
)
"""The first descent is the one that the reader moves, over the others."""


class RateAndLoss(NamedTuple):
    """What moves in the picture.

    Attributes:
        title: of both panels.
        rates: of each descent, by name in the order of the legend, ``[steps]``.
        losses: before and after each step, ``[steps + 1]``.
    """

    title: str
    rates: Mapping[str, Sequence[float]]
    losses: Mapping[str, Sequence[float]]


@house_style()
def rate_and_loss_scene(
    names: Sequence[str],
    steps: int,
    rate_limits: tuple[float, float],
    loss_limits: tuple[float, float],
    bound: tuple[float, str],
) -> Scene[RateAndLoss]:
    """Two panels: rates and losses against the step.

    Args:
        names: of the descents, in the order of the legend, no more than ``LOOKS``.
        steps: T.
        rate_limits: of the left panel.
        loss_limits: of the right panel.
        bound: a rate to mark, and what it is called.
    """
    figure, (left, right) = new_figure(2, width=9.6, height=4.0)
    left.set(xlim=(0, steps), ylim=rate_limits, yscale="log", title=ROOM)
    left.set(xlabel="step", ylabel="rate of the step")
    left.axhline(bound[0], color=GREY, linewidth=1.0, label=bound[1])
    right.set(xlim=(0, steps), ylim=loss_limits, yscale="log", title=ROOM)
    right.set(xlabel="step", ylabel="loss")
    for name, look in zip(names, LOOKS, strict=False):
        left.plot([], [], **look, label=name)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    return Scene(figure, _draw)


def _draw(panels: list[Axes], data: RateAndLoss) -> Iterator[Artist]:
    left, right = panels
    yield moving_title(left, data.title)
    for axes, curves in ((left, data.rates), (right, data.losses)):
        low, high = axes.get_ylim()
        for order, (curve, look) in enumerate(zip(curves.values(), LOOKS, strict=False)):
            values = np.asarray(curve, dtype=np.float64)
            inside = np.clip(values, low / 10, high * 10)  # NaN stays a gap
            steps = np.arange(len(values)) + (1 if axes is left else 0)
            yield from axes.plot(steps, inside, zorder=4 - order, **look)
