"""The kernel's side: how long setting a control takes, with all that follows from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle, islice
from random import Random
from typing import Any

from metalearn_lab.explorers.drag_explorer import DragExplorer
from metalearn_lab.explorers.explorer import Explorer

MOVES = 40
CANVAS = "canvas"

_shown: list[Explorer] = []


def keep_what_is_shown() -> None:
    """From now on every explorer that is shown is kept, to be measured afterwards."""
    show = Explorer.show

    def keep(explorer: Explorer) -> None:
        _shown.append(explorer)
        show(explorer)

    Explorer.show = keep  # type: ignore[method-assign]


def milliseconds_of_all() -> list[tuple[str, dict[str, list[float]]]]:
    """Every kept explorer's class, and by control the milliseconds of each of its moves."""
    return [(type(explorer).__name__, _milliseconds(explorer)) for explorer in _shown]


def _milliseconds(explorer: Explorer) -> dict[str, list[float]]:
    drags = isinstance(explorer, DragExplorer) and explorer.handles
    canvas = {CANVAS: _of_handle(explorer)} if drags else {}
    return canvas | {each.description: _of_control(each) for each in explorer.controls.values()}


def _of_control(control: Any) -> list[float]:
    """Moves to values in a shuffled order; the first stays out, it fills caches of libraries."""
    first, taken = control.value, []
    for value in islice(_values(control), MOVES + 1):
        begin = time.perf_counter()
        control.value = value
        taken.append(1000 * (time.perf_counter() - begin))
    control.value = first
    return taken[1:]


def _of_handle(explorer: DragExplorer) -> list[float]:
    """The first handle is moved across its panel."""
    handle = explorer.drawing.handles[0]
    (low, high), taken = explorer.drawing.panels[handle.panel].x, []
    for move in range(MOVES + 1):
        begin = time.perf_counter()
        explorer.move(handle.name, (low + (high - low) * move / MOVES, handle.y))
        taken.append(1000 * (time.perf_counter() - begin))
    return taken[1:]


def _values(control: Any) -> Iterator[Any]:
    """Values that differ from the one before, for ever."""
    values = [value for value in _all_values(control) if value != control.value]
    Random(0).shuffle(values)
    return cycle([*values, control.value])


def _all_values(control: Any) -> list[Any]:
    if isinstance(control.value, bool):
        return [False, True]
    if hasattr(control, "options"):
        return [value for _, value in control._options_full]
    if isinstance(control.value, str):  # a line of text: other words, so that nothing is kept
        return [f"{control.value} {number}" for number in range(MOVES)]
    step = getattr(control, "step", 1) or 1
    count = round((control.max - control.min) / step)
    places = [control.min + step * place for place in range(min(count, 1000) + 1)]
    return [control.base**place for place in places] if hasattr(control, "base") else places
