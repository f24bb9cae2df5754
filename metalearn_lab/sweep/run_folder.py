"""The folder of a run or a sweep: one command writes into it at a time, and nothing is lost.

``plan.json`` says what is to run, ``results.csv`` has one row a point, and
``runs/<chapter>-<key>/`` has a point's executed notebook, its page and its record, written in this
order, so that a run with a record is whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any, NamedTuple

from metalearn_lab.atomic_file import remove_leftovers, write_bytes, write_text
from metalearn_lab.sweep.points import Point
from metalearn_lab.sweep.worker import Outcome
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.out_folder import folder_lock
from metalearn_lab.workbook.record import Record, check_file_name, read_record, write_record

PLAN, RECORD = "plan.json", "run.json"


class PlannedRun(NamedTuple):
    """One point of a sweep.

    Attributes:
        name: of its folder.
        chapter: the chapter's name.
        title: its heading.
        parameters: all of them with the values to run with.
        changed: names of those that the sweep file gives.
    """

    name: str
    chapter: str
    title: str
    parameters: dict[str, Any]
    changed: list[str]


def write_plan(folder: Path, points: Sequence[Point]) -> None:
    """Keep the points of a sweep in their order, in the place of an earlier plan."""
    runs = [
        PlannedRun(p.name, p.chapter.name, p.chapter.title, p.parameters, list(p.changed))
        for p in points
    ]
    plan = json.dumps([run._asdict() for run in runs], indent=1, ensure_ascii=False)
    write_text(folder / PLAN, plan + "\n")


def read_plan(folder: Path) -> list[PlannedRun]:
    """The runs that a sweep consists of, in the order of its file.

    Raises:
        WorkbookError: the folder is not that of a sweep.
    """
    path = folder / PLAN
    try:
        return [_planned(content) for content in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        raise WorkbookError(
            f"{folder} is not the folder of a run or a sweep: it has no {PLAN}. Name the folder "
            "that was given to `metalearn-lab run` or `sweep` as --out"
        ) from None
    except (ValueError, TypeError) as error:
        raise WorkbookError(
            f"{path} is damaged ({error}): give the same command again, and it is written anew"
        ) from None


def _planned(content: Any) -> PlannedRun:
    """One run of a plan, of which anybody may have written the file."""
    run = PlannedRun(**content)
    check_file_name(run.name)
    check_file_name(run.chapter)
    if not isinstance(run.parameters, dict) or not set(run.changed) <= set(run.parameters):
        raise ValueError(f"the parameters of {run.name} are not those of a run")
    return run


def folder_by_the_time(runs: Path) -> Path:
    """Make a folder that nobody else has, even in the same second: ``<time>`` or ``<time>-2``."""
    now = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
    with writing_into(runs):
        runs.mkdir(parents=True, exist_ok=True)
        for ending in chain([""], (f"-{number}" for number in count(2))):
            with suppress(FileExistsError):
                (runs / f"{now}{ending}").mkdir()
                return runs / f"{now}{ending}"
    raise AssertionError


@contextmanager
def lock_folder(out: Path, points: Sequence[Point]) -> Iterator[None]:
    """Make the folder if need be, and hold it so that no second command writes into it.

    Raises:
        WorkbookError: another command writes into it, it holds something else, or it cannot be
            written.
    """
    with ExitStack() as stack:
        with writing_into(out):
            _refuse_other_folders(out)
            out.mkdir(parents=True, exist_ok=True)
            stack.enter_context(folder_lock(out))
            write_plan(out, points)
            (out / "runs").mkdir(exist_ok=True)
            for folder in [out, *(path for path in (out / "runs").iterdir() if path.is_dir())]:
                remove_leftovers(folder)
        yield


@contextmanager
def writing_into(out: Path) -> Iterator[None]:
    """Say what to do when the folder cannot be written.

    Raises:
        WorkbookError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise WorkbookError(
            f"cannot write into {out}: {error.strerror}. Free some space, or name another folder "
            "with --out. What has finished is kept, and the same command goes on from there."
        ) from None


def _refuse_other_folders(out: Path) -> None:
    """A folder is ours if it has a plan; hidden files may be in any."""
    names = sorted(path.name for path in out.glob("[!.]*")) if out.is_dir() else []
    if names and PLAN not in names:
        raise WorkbookError(
            f"{out} holds {names[0]} and is not the folder of a run or a sweep: name a new or "
            "empty folder with --out"
        )


def kept_record(out: Path, point: Point) -> Record | None:
    """The record of a point that was run before; None if it is another's or has lost its files.

    Raises:
        WorkbookError: the record is damaged.
    """
    folder = out / "runs" / point.name
    try:
        record = read_record(folder / RECORD)
    except FileNotFoundError:
        return None
    is_whole = record.failed or all((folder / file).is_file() for file in record.files)
    return record if is_whole and record.key == point.key else None


def clear_point_folder(out: Path, point: Point) -> Path:
    """The folder of a point, without what an earlier try has left in it.

    Raises:
        OSError: it cannot be written.
    """
    folder = out / "runs" / point.name
    folder.mkdir(exist_ok=True)
    for name in (RECORD, f"{point.chapter.name}.html", f"{point.chapter.name}.ipynb"):
        (folder / name).unlink(missing_ok=True)
    return folder


def keep_outcome(out: Path, point: Point, outcome: Outcome) -> None:
    """Write what became of a point, its record last.

    Raises:
        OSError: it cannot be written, e.g. because the disk is full.
    """
    folder = out / "runs" / point.name
    if outcome.files is not None:
        clear_point_folder(out, point)
        for name, content in outcome.files.items():
            write_bytes(folder / name, content)
    write_record(folder / RECORD, outcome.record)
