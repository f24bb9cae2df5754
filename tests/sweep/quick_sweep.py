"""A sweep whose runs end in no time, without workers and kernels: all that it writes is real."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from metalearn_lab.sweep import run_sweep as module
from metalearn_lab.sweep.grid import Point
from metalearn_lab.sweep.progress import Progress
from metalearn_lab.sweep.worker import Outcome
from metalearn_lab.workbook.code_version import code_version
from metalearn_lab.workbook.record import Record

# Known before processes are forked from one that has imported this, so that they need not ask.
code_version()


def outcome_of(point: Point, error: str | None = None, size: int = 10) -> Outcome:
    """A run whose files have so many bytes."""
    status = "failed" if error else "ok"
    name = point.chapter.name
    record = Record(point.key, name, "", point.parameters, point.changed, status, error, "", 0.5)
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "workers_at", lambda *_: contextlib.nullcontext())
        patch.setattr(module, "outcomes", lambda _, points: ((p, become(p)) for p in points))
        return module.run_sweep(file, notebooks, out, say=say)
