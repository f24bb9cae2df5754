"""A sweep whose runs end in no time, without workers and kernels: all that it writes is real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from metalearn_lab.sweep.points import Point, grid_points
from metalearn_lab.sweep.progress import Progress
from metalearn_lab.sweep.run_points import run_points
from metalearn_lab.sweep.sweep_file import read_sweep_file
from metalearn_lab.sweep.worker import Outcome
from metalearn_lab.workbook.record import Record
from metalearn_lab.workbook.run_key import code_version

# Known before processes are forked from one that has imported this, so that they need not ask.
code_version()


def outcome_of(point: Point, error: str | None = None, size: int = 10) -> Outcome:
    """A run whose files have so many bytes."""
    name = point.chapter.name
    record = Record(point.key, name, "", point.parameters, point.changed, error, "", 0.5)
    record.files = [f"{name}.html", f"{name}.ipynb"]
    return Outcome(record, dict.fromkeys(record.files, b"x" * size))


def quick_sweep(
    out: Path,
    file: Path,
    notebooks: Path,
    become: Callable[[Point], Outcome] = outcome_of,
    say: Callable[[str], object] = lambda line: None,
) -> Progress:
    """Run a sweep; what is to become of each point is said by a function."""
    points = grid_points(read_sweep_file(file), notebooks)
    return run_points(points, out, lambda waiting: ((p, become(p)) for p in waiting), say)
