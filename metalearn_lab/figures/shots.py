"""Accuracy against the number of shots, and against how many numbers adapt at one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import INK, draw_band, house_style, label_of, line, new_figure

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


@house_style()
def shots_scene(
    accuracies: Accuracies, trainable: Mapping[str, int], *, chance: float
) -> Scene[Shots]:
    """Lines over K on the left, points over the trainable numbers on the right.

    Args:
        accuracies: of every method at every K; LoRA under ``lora_RANK``.
        trainable: how many numbers each method adapts; 0 is drawn as a line across.
        chance: accuracy of a guess, the lower end of the scale.
    """
    first = next(iter(accuracies.values()))
    shots = sorted(first)
    counts = [count for count in trainable.values() if count]
    figure, (left, right) = new_figure(2, width=9.6, height=4.3, sharey=True)
    left.set(xscale="log", xlim=(shots[0] / 1.15, shots[-1] * 1.15), ylim=_limits(accuracies))
    left.set(xlabel="K, support sentences of a class", ylabel="query accuracy")
    left.set_xticks(shots, [str(k) for k in shots])
    left.minorticks_off()
    left.set_title(f"Mean and 95 % interval over {first[shots[0]].tasks} episodes")
    right.set(xscale="log", xlim=(min(counts) / 2, max(counts) * 2))
    right.set(xlabel="trainable numbers (log scale)", title=ROOM)
    if left.get_ylim()[0] < chance:
        left.axhline(chance, color=INK, linewidth=0.8, linestyle=":")
    for style in dict.fromkeys(map(_style, accuracies)):
        left.plot([], [], **line(style))
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return Scene(figure, lambda panels, data: _draw(panels, data, accuracies, trainable))


def _limits(accuracies: Accuracies) -> tuple[float, float]:
    """A scale that holds every interval, on round numbers."""
    intervals = [interval for by_shots in accuracies.values() for interval in by_shots.values()]
    low = min(float(interval.mean - interval.half_width) for interval in intervals)
    high = max(float(interval.mean + interval.half_width) for interval in intervals)
    return max(0.0, int(low * 20) / 20), min(1.0, -(-high // 0.05) * 0.05)


def _style(name: str) -> str:
    return "lora" if name.startswith(RANK) else name


def _draw(
    panels: list[Axes], data: Shots, accuracies: Accuracies, trainable: Mapping[str, int]
) -> Iterator[Artist]:
    left, right = panels
    yield left.axvline(data.shots, color=INK, linewidth=1)
    yield moving_title(right, f"The same at the marked K = {data.shots}")
    places = _apart(trainable)
    for name, by_shots in accuracies.items():
        look = line(_style(name))
        if not name.startswith(RANK) or name == f"{RANK}{data.rank}":
            yield from _draw_line(left, by_shots, look)
        yield from _draw_point(right, by_shots[data.shots], places[name], look)


def _apart(trainable: Mapping[str, int]) -> dict[str, float]:
    """Where each method stands on the right: beside another with as many numbers, not over it."""
    places: dict[str, float] = {}
    for name, count in trainable.items():
        place = float(count)
        while count and place in places.values():
            place /= 1.25
        places[name] = place
    return places


def _draw_line(
    axes: Axes, by_shots: Mapping[int, Interval], look: dict[str, Any]
) -> Iterator[Artist]:
    shots = sorted(by_shots)
    means, half_widths, _ = zip(*(by_shots[k] for k in shots), strict=True)
    yield draw_band(axes, shots, means, half_widths, look["color"], alpha=0.12)
    yield from axes.plot(shots, means, **look)


def _draw_point(
    axes: Axes, interval: Interval, trainable: float, look: dict[str, Any]
) -> Iterator[Artist]:
    mean, half_width = float(interval.mean), float(interval.half_width)
    if not trainable:
        yield from axes.plot(axes.get_xlim(), [mean, mean], **{**look, "marker": ""})
        return
    ends = [mean - half_width, mean + half_width]
    yield from axes.plot([trainable] * 2, ends, color=look["color"], linewidth=1.4)
    yield from axes.plot(trainable, mean, **{**look, "markersize": 8})
