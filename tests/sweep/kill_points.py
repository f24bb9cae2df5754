"""A step that is killed before its n-th change of a folder: each moment that matters, once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PRELOAD = [
    "tests.sweep.killable_run",
    "tests.sweep.quick_sweep",
    "metalearn_lab.cli",
    "distributed",
    "papermill",
    "pandas",
    "torch",
]
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate")


def process_of(step: Callable[..., object], *arguments: Any) -> Any:
    """A process that takes a step, with the imports behind it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context.Process(target=step, args=arguments)


def kill_points(
    step: Callable[[Path], object], folders: Callable[[int], Path], *others: Any
) -> Iterator[Path]:
    """Each folder after the step was killed in it, a change later each time, up to its end.

    Args:
        step: works in a folder, which it is given with the others.
        folders: names a new one for each place.
        others: further arguments of the step.
    """
    place = 0
    while True:
        folder = folders(place)
        process = process_of(_until, step, place, folder, *others)
        process.start()
        process.join()
        if process.exitcode == 0:
            return
        assert process.exitcode == -signal.SIGKILL
        yield folder
        place += 1


def _until(step: Callable[..., object], place: int, folder: Path, *others: Any) -> None:
    left, seen = place, Counter[tuple[str, str]]()

    def look(event: str, details: tuple[Any, ...]) -> None:
        nonlocal left
        if not _changes(event, details, str(folder)):
            return
        seen[event, str(details[0])] += 1
        if seen[event, str(details[0])] > 3:  # the fourth is like the third
            return
        if left == 0:
            if event == "os.rename":  # a loss of power: half of what was written is there
                os.truncate(details[0], os.path.getsize(details[0]) // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    sys.addaudithook(look)
    step(folder, *others)


def _changes(event: str, details: tuple[Any, ...], folder: str) -> bool:
    if event == "open":
        path, _, flags = details
        return str(path).startswith(folder) and bool(flags & WRITING)
    path = str(details[0]) if event in CHANGES else ""
    return path.startswith(folder) and (event == "os.mkdir" or os.path.lexists(path))
