"""Accuracy against the number of shots, and against how many numbers adapt at one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.figures.moving_title import moving_title, room_for_a_title
from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import INK, house_style, label_of, line, new_figure

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Accuracies = Mapping[str, Mapping[int, Interval]]
"""Mean accuracy (0…1) with its interval, by method and number of shots."""

RANK = "lora_"
"""How the names of the LoRA methods begin; what follows is the rank."""


class Shots(NamedTuple):
    """What moves in the picture.

    Attributes:
        shots: K of the mark and of the right panel.
        rank: of the LoRA that the left panel shows.
    """

    shots: int
    rank: int


def label(name: str) -> str:
    """What a method is called; a LoRA with its rank."""
    if name.startswith(RANK):
        return f"{label_of('lora')}, rank {name.removeprefix(RANK)}"
    return label_of(name)


def shots_scene(
    accuracies: Accuracies, trainable: Mapping[str, int], *, chance: float
) -> Scene[Shots]:
    """Lines over K on the left, points over the trainable numbers on the right.

    Args:
        accuracies: of every method at every K; LoRA under ``lora_RANK``.
        trainable: how many numbers each method adapts; 0 is drawn as a line across.
        chance: accuracy of a guess, the lower end of the scale.
    """
    frame = _frame(accuracies, trainable, chance)
    return Scene(frame, lambda axes, data: _draw(axes, data, accuracies, trainable))


def _frame(accuracies: Accuracies, trainable: Mapping[str, int], chance: float) -> Figure:
    shots = sorted(next(iter(accuracies.values())))
    with house_style():
        figure, (left, right) = new_figure(2, width=9.6, height=4.3, share_y=True)
        left.set(xscale="log", xlim=(shots[0] / 1.15, shots[-1] * 1.15), ylim=_limits(accuracies))
        left.set(xlabel="K, support sentences of a class", ylabel="query accuracy")
        left.set_xticks(shots, [str(k) for k in shots])
        left.minorticks_off()
        episodes = next(iter(accuracies.values()))[shots[0]].tasks
        left.set_title(f"Mean and 95 % interval over {episodes} episodes")
        counts = [count for count in trainable.values() if count]
        right.set(xscale="log", xlim=(min(counts) / 2, max(counts) * 2))
        right.set(xlabel="trainable numbers (log scale)")
        room_for_a_title(right)
        if left.get_ylim()[0] < chance:
            left.axhline(chance, color=INK, linewidth=0.8, linestyle=":")
        for name in _styles(accuracies):
            left.plot([], [], **line(name))
        handles, names = left.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3)
    return figure


def _limits(accuracies: Accuracies) -> tuple[float, float]:
    """A scale that holds every interval, on round numbers."""
    every = [each for by_shots in accuracies.values() for each in by_shots.values()]
    low = min(float(each.mean - each.half_width) for each in every)
    high = max(float(each.mean + each.half_width) for each in every)
    return max(0.0, int(low * 20) / 20), min(1.0, -(-high // 0.05) * 0.05)


def _styles(names: Iterable[str]) -> Sequence[str]:
    """The styles of the methods, each once."""
    return list(dict.fromkeys(map(_style, names)))


def _style(name: str) -> str:
    return "lora" if name.startswith(RANK) else name


def _draw(
    axes: list[Axes], data: Shots, accuracies: Accuracies, trainable: Mapping[str, int]
) -> list[Artist]:
    left, right = axes
    drawn: list[Artist] = [left.axvline(data.shots, color=INK, linewidth=1)]
    drawn.append(moving_title(right, f"The same at the marked K = {data.shots}"))
    for name, by_shots in accuracies.items():
        look = line(_style(name))
        if not name.startswith(RANK) or name == f"{RANK}{data.rank}":
            drawn += _lines(left, by_shots, look)
        drawn += _point(right, by_shots[data.shots], trainable[name], look)
    return drawn


def _lines(axes: Axes, by_shots: Mapping[int, Interval], look: dict[str, Any]) -> list[Artist]:
    shots = sorted(by_shots)
    mean, half = ([float(by_shots[k][part]) for k in shots] for part in (0, 1))
    low, high = ([m + sign * h for m, h in zip(mean, half, strict=True)] for sign in (-1, 1))
    band = axes.fill_between(shots, low, high, color=look["color"], alpha=0.12, linewidth=0)
    return [band, *axes.plot(shots, mean, **look)]


def _point(axes: Axes, at: Interval, trainable: int, look: dict[str, Any]) -> list[Artist]:
    mean, half = float(at.mean), float(at.half_width)
    if not trainable:
        ends = axes.get_xlim()
        return list(axes.plot(ends, [mean, mean], **{**look, "marker": ""}))
    bar = axes.plot([trainable] * 2, [mean - half, mean + half], color=look["color"], linewidth=1.4)
    return [*bar, *axes.plot(trainable, mean, **{**look, "markersize": 8})]
