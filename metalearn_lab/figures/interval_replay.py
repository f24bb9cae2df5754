"""Episodes arriving one by one: two running means, and how often somebody calls a winner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from torch import Tensor

from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import GREY, INK, draw_band, house_style, new_figure
from metalearn_lab.learners.line import Line

_METHODS = {"A": Line("#0072b2", "-", "o"), "B": Line("#d55e00", (0, (5, 2)), "s")}
_RULES = (
    Line("#a87400", (0, (1, 1)), "D"),
    Line("#009e73", (0, (6, 2, 1, 2)), "^"),
    Line("#000000", "-", "o"),
    Line("#a3123f", (0, (3, 1)), "v"),
)


class IntervalReplay(NamedTuple):
    """What moves in the picture.

    Attributes:
        title: which replay, and how far.
        means: of A and B over the first 1, 2, … episodes of one replay, ``[episodes, 2]``.
        half_widths: of their 95 % intervals, alike.
        winners: by rule, the share of replays with a winner after 1, 2, … episodes.
        episodes: how many have arrived.
    """

    title: str
    means: Tensor
    half_widths: Tensor
    winners: Mapping[str, Tensor]
    episodes: int


@house_style()
def interval_replay_scene(
    rules: tuple[str, ...], *, most_episodes: int, middle: float, replays: int
) -> Scene[IntervalReplay]:
    """The replay on the left, how often each rule finds a winner on the right.

    Args:
        rules: names of the rules by which a winner is called, four at most.
        most_episodes: right end of both panels.
        middle: of the left panel's accuracies, 0…1.
        replays: how many there are.
    """
    figure, (replay, winners) = new_figure(2, width=9.5, height=3.9, sharex=True)
    replay.set(ylim=(max(100 * middle - 20, 0), min(100 * middle + 20, 100)))
    replay.set(xlim=(0, most_episodes), xlabel="episodes so far", ylabel="accuracy, %", title=ROOM)
    for name, style in _METHODS.items():
        replay.plot([], [], **_look(style), label=f"method {name}")
    winners.set(xlabel="episodes so far", ylim=(0, 100), yticks=(0, 5, 20, 40, 60, 80, 100))
    winners.set_title(f"Of {replays:,} replays, % that call a winner")
    winners.axhline(5, color=GREY, linewidth=6, alpha=0.3, label="5 %")  # seen behind a line
    for rule, style in zip(rules, _RULES, strict=False):
        winners.plot([], [], **_look(style), label=rule)
    for axes, columns in ((replay, 2), (winners, 1)):
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=columns)
    return Scene(figure, _draw)


def _draw(panels: list[Axes], data: IntervalReplay) -> Iterator[Artist]:
    replay, winners = panels
    yield moving_title(replay, data.title)
    n = data.episodes
    for column, style in enumerate(_METHODS.values()):
        mean, half_width = (100 * values[:n, column] for values in (data.means, data.half_widths))
        yield from _draw_line(replay, mean, style)
        half_width = half_width.clamp(max=100)  # of one episode it is infinite
        yield draw_band(replay, range(1, n + 1), mean, half_width, style.color, alpha=0.15)
    for shares, style in zip(data.winners.values(), _RULES, strict=False):
        yield from _draw_line(winners, 100 * shares, style)
    yield winners.axvline(n, color=INK, linewidth=1)


def _draw_line(axes: Axes, values: Tensor, style: Line) -> Iterator[Artist]:
    count = len(values)
    yield from axes.plot(range(1, count + 1), values, **_look(style), markevery=max(count // 8, 1))


def _look(style: Line) -> dict[str, Any]:
    return {**style._asdict(), "linewidth": 1.6, "markersize": 4.5}
