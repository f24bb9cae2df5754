"""The folder of a sweep: one sweep writes into it at a time, and finished runs are never lost.

``results.csv`` has one row a point; ``runs/<chapter>-<key>/`` has a point's executed notebook, its
page and its record, written in this order, so that a run with a record is whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from metalearn_lab.sweep.grid import Point
from metalearn_lab.sweep.worker import Outcome
from metalearn_lab.workbook.atomic import write_bytes
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.record import Record, read_record, write_record

LOCK = ".lock"
RECORD = "run.json"
RESULTS = "results.csv"


@contextmanager
def sweep_folder(out: Path) -> Iterator[Path]:
    """The folder, made if need be, and held until the end so that no second sweep writes into it.

    Raises:
        WorkbookError: another sweep writes into it, it holds something else, or it cannot be
            written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(out / LOCK)
    try:
        _make(out)
        lock.acquire(timeout=0)
    except Timeout:
        raise WorkbookError(
            f"another sweep is writing into {out}: wait until it ends, or name another folder"
        ) from None
    except OSError as error:
        raise WorkbookError(
            f"cannot write into {out}: {error.strerror}. Name another folder with --out."
        ) from None
    try:
        _clear(out)
        yield out
    finally:
        lock.release()


def _make(out: Path) -> None:
    entries = sorted(each.name for each in out.iterdir()) if out.is_dir() else []
    if entries and LOCK not in entries:
        raise WorkbookError(
            f"{out} holds {entries[0]} and is not the folder of a sweep: name a new or empty one "
            "with --out"
        )
    (out / "runs").mkdir(parents=True, exist_ok=True)


def _clear(out: Path) -> None:
    """Take away what a sweep that was killed had half written."""
    for leftover in [*out.glob(".*.tmp"), *out.glob("runs/*/.*.tmp")]:
        leftover.unlink()


def kept(out: Path, point: Point) -> Record | None:
    """The record of a point that was run before, or None.

    Raises:
        WorkbookError: the record is damaged.
    """
    try:
        return read_record(out / "runs" / point.name / RECORD)
    except FileNotFoundError:
        return None


def keep(out: Path, point: Point, outcome: Outcome) -> None:
    """Write what became of a point, its record last, in the place of an earlier failure.

    Raises:
        OSError: it cannot be written, e.g. because the disk is full.
    """
    folder = out / "runs" / point.name
    folder.mkdir(exist_ok=True)
    for name in (RECORD, f"{point.chapter.name}.html", f"{point.chapter.name}.ipynb"):
        (folder / name).unlink(missing_ok=True)
    for name, content in outcome.files.items():
        write_bytes(folder / name, content)
    write_record(folder / RECORD, outcome.record)
