"""Episodes arriving one by one: two running means, and how often somebody calls a winner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from metalearn_lab.figures.moving_title import moving_title, room_for_a_title
from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure
from metalearn_lab.learners.line import Line

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMES = {"A": Line("#0072b2", "-", "o"), "B": Line("#d55e00", (0, (5, 2)), "s")}
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
    return Scene(_frame(rules, most_episodes, middle, replays), _draw)


def _frame(rules: tuple[str, ...], most_episodes: int, middle: float, replays: int) -> Figure:
    with house_style():
        figure, (replay, winners) = new_figure(2, width=9.5, height=3.9)
        for axes in (replay, winners):
            axes.set(xlim=(0, most_episodes), xlabel="episodes so far")
        replay.set_ylim(max(100 * middle - 20, 0), min(100 * middle + 20, 100))
        replay.set_ylabel("accuracy, %")
        room_for_a_title(replay)
        for name, style in _NAMES.items():
            replay.plot([], [], **_look(style), label=f"method {name}")
        winners.set_ylim(0, 100)
        winners.set_yticks((0, 5, 20, 40, 60, 80, 100))
        winners.set_title(f"Of {replays:,} replays, % that call a winner")
        winners.axhline(5, color=GREY, linewidth=6, alpha=0.3, label="5 %")  # seen behind a line
        for rule, style in zip(rules, _RULES, strict=False):
            winners.plot([], [], **_look(style), label=rule)
        for axes, columns in ((replay, 2), (winners, 1)):
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=columns)
    return figure


def _draw(axes: list[Axes], data: IntervalReplay) -> list[Artist]:
    replay, winners = axes
    n = data.episodes
    drawn: list[Artist] = [moving_title(replay, data.title)]
    for column, style in enumerate(_NAMES.values()):
        mean, half = (100 * part[:n, column] for part in (data.means, data.half_widths))
        half = half.clamp(max=100)  # of one episode it is infinite
        x = range(1, n + 1)
        drawn += replay.plot(x, mean, **_look(style), markevery=max(n // 8, 1))
        band: dict[str, Any] = {"color": style.color, "alpha": 0.15, "linewidth": 0}
        drawn.append(replay.fill_between(x, mean - half, mean + half, **band))
    for shares, style in zip(data.winners.values(), _RULES, strict=False):
        x = range(1, len(shares) + 1)
        drawn += winners.plot(x, 100 * shares, **_look(style), markevery=max(len(shares) // 8, 1))
    drawn.append(winners.axvline(n, color=INK, linewidth=1))
    return drawn


def _look(style: Line) -> dict[str, Any]:
    return {**style._asdict(), "linewidth": 1.6, "markersize": 4.5}
