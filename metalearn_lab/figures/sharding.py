"""An outer step shared out to several ranks: the speed-up, and where the time goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from metalearn_lab.experiments.sharding_time import ShardingTime
from metalearn_lab.figures.moving_title import moving_title, room_for_a_title
from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SPEED_UP: dict[str, Any] = {"color": "#0072b2", "linestyle": "-", "marker": "o"}
_CEILING: dict[str, Any] = {"color": "#d55e00", "linestyle": (0, (5, 2))}
_CHOSEN: dict[str, Any] = {"color": INK, "linewidth": 1}
_PARTS: dict[str, dict[str, Any]] = {
    "the whole step": {"color": INK, "linestyle": "-", "marker": "o"},
    "its own tasks, (B/P)·w": {"color": "#0072b2", "linestyle": (0, (1, 1)), "marker": "v"},
    "the fixed part, s": {"color": "#d55e00", "linestyle": (0, (5, 2)), "marker": "s"},
    "messages": {"color": "#009e73", "linestyle": (0, (6, 2, 1, 2)), "marker": "^"},
}
_LEAST_SHARE = 1e-4


class ShardingAt(NamedTuple):
    """What moves in the picture.

    Attributes:
        step: the model of an outer step.
        ranks: P, the number that is marked.
    """

    step: ShardingTime
    ranks: int


def sharding_scene(ranks: Sequence[int]) -> Scene[ShardingAt]:
    """Speed-up on the left, the parts of the time on the right, both against the ranks.

    Args:
        ranks: numbers of ranks to draw, rising.
    """
    return Scene(_frame(ranks), lambda axes, data: _draw(axes, data, ranks))


def _frame(ranks: Sequence[int]) -> Figure:
    with house_style():
        figure, (speed, parts) = new_figure(2, width=9.6, height=4.3)
        ticks = ranks[::2]
        for axes in (speed, parts):
            axes.set_xscale("log", base=2)
            axes.set_yscale("log", base=2 if axes is speed else 10)
            axes.set_xlim(ranks[0] / 1.2, ranks[-1] * 1.2)
            axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
            axes.set_xlabel("ranks P")
            axes.minorticks_off()
            room_for_a_title(axes)
        speed.set_ylim(1 / 8, 1.3 * ranks[-1])
        ups = [1 / 4, *ticks]
        speed.set_yticks(ups, [f"{tick:g}" for tick in ups])
        speed.plot(ranks, ranks, color=GREY, linestyle=":", label="ideal: P times as fast")
        speed.plot([], [], **_SPEED_UP, label="T(1) / T(P)")
        speed.plot([], [], **_CEILING, label="Amdahl's ceiling, T(1)/s")
        speed.plot([], [], **_CHOSEN, label="your P")
        parts.set_ylim(_LEAST_SHARE, 10)
        for name, look in _PARTS.items():
            parts.plot([], [], **look, label=name)
        for axes in (speed, parts):
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return figure


def _draw(axes: list[Axes], data: ShardingAt, ranks: Sequence[int]) -> list[Artist]:
    speed, parts = axes
    step, whole = data.step, data.step.milliseconds(1)
    drawn: list[Artist] = [
        moving_title(speed, f"Speed-up, {step.tasks:,} tasks, {step.weights:,.0f} weights"),
        moving_title(parts, f"Time of a step as a share of T(1) = {whole:,.4g} ms"),
    ]
    drawn += speed.plot(ranks, [step.speed_up(p) for p in ranks], **_SPEED_UP)
    drawn.append(speed.axhline(step.ceiling, **_CEILING))
    shares = (
        [step.milliseconds(p) for p in ranks],
        [step.own_tasks(p) for p in ranks],
        [step.fixed for _ in ranks],
        [step.network.all_reduce(p, step.weights) for p in ranks],
    )
    for look, values in zip(_PARTS.values(), shares, strict=True):
        drawn += parts.plot(ranks, [max(value / whole, 1e-9) for value in values], **look)
    drawn += [each.axvline(data.ranks, **_CHOSEN) for each in axes]
    return drawn
