"""An outer step shared out to several ranks: the speed-up, and where the time goes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from metalearn_lab.experiments.sharding_time import ShardingTime
from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

_SPEED_UP: dict[str, Any] = {"color": "#0072b2", "marker": "o", "label": "T(1) / T(P)"}
_CEILING: dict[str, Any] = {
    "color": "#d55e00",
    "linestyle": (0, (5, 2)),
    "label": "Amdahl's ceiling, T(1)/s",
}
_CHOSEN: dict[str, Any] = {"color": INK, "linewidth": 1, "label": "your P"}
_PARTS: tuple[dict[str, Any], ...] = (
    {"label": "the whole step", "color": INK, "linestyle": "-", "marker": "o"},
    {
        "label": "its own tasks, (B/P)·w",
        "color": "#0072b2",
        "linestyle": (0, (1, 1)),
        "marker": "v",
    },
    {"label": "the fixed part, s", "color": "#d55e00", "linestyle": (0, (5, 2)), "marker": "s"},
    {"label": "messages", "color": "#009e73", "linestyle": (0, (6, 2, 1, 2)), "marker": "^"},
)
_LEAST_SHARE = 1e-4


class ShardingAt(NamedTuple):
    """What moves in the picture.

    Attributes:
        step: the model of an outer step.
        ranks: P, the number that is marked.
    """

    step: ShardingTime
    ranks: int


@house_style()
def sharding_scene(ranks: Sequence[int]) -> Scene[ShardingAt]:
    """Speed-up on the left, the parts of the time on the right, both against the ranks.

    Args:
        ranks: numbers of ranks to draw, rising.
    """
    figure, (speed, parts) = new_figure(2, width=9.6, height=4.3)
    ticks = ranks[::2]
    speed.set_yscale("log", base=2)
    parts.set_yscale("log")
    for axes in (speed, parts):
        axes.set_xscale("log", base=2)
        axes.set(xlim=(ranks[0] / 1.2, ranks[-1] * 1.2), xlabel="ranks P", title=ROOM)
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        axes.minorticks_off()
    ups = [1 / 4, *ticks]
    speed.set_yticks(ups, [f"{tick:g}" for tick in ups])
    speed.set_ylim(1 / 8, 1.3 * ranks[-1])
    speed.plot(ranks, ranks, color=GREY, linestyle=":", label="ideal: P times as fast")
    parts.set_ylim(_LEAST_SHARE, 10)
    for axes, looks in ((speed, (_SPEED_UP, _CEILING, _CHOSEN)), (parts, _PARTS)):
        for look in looks:
            axes.plot([], [], **look)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return Scene(figure, lambda panels, data: _draw(panels, data, ranks))


def _draw(panels: list[Axes], data: ShardingAt, ranks: Sequence[int]) -> Iterator[Artist]:
    speed, parts = panels
    step, one_rank = data.step, data.step.milliseconds(1)
    yield moving_title(speed, f"Speed-up, {step.tasks:,} tasks, {step.weights:,.0f} weights")
    yield moving_title(parts, f"Time of a step as a share of T(1) = {one_rank:,.4g} ms")
    yield from speed.plot(ranks, [step.speed_up(p) for p in ranks], **_SPEED_UP)
    yield speed.axhline(step.ceiling, **_CEILING)
    times = (
        [step.milliseconds(p) for p in ranks],
        [step.own_tasks(p) for p in ranks],
        [step.fixed for _ in ranks],
        [step.network.all_reduce(p, step.weights) for p in ranks],
    )
    for look, milliseconds in zip(_PARTS, times, strict=True):
        shares = [ms / one_rank if ms else math.nan for ms in milliseconds]  # 0 has no logarithm
        yield from parts.plot(ranks, shares, **look)
    for axes in panels:
        yield axes.axvline(data.ranks, **_CHOSEN)
