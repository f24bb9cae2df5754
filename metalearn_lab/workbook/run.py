"""Run chapters headless through papermill, in order, into one folder with one report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.execute import execute_chapter
from metalearn_lab.workbook.failure import failure_of
from metalearn_lab.workbook.folder import notebook_paths
from metalearn_lab.workbook.folder_lock import folder_lock
from metalearn_lab.workbook.parameters import (
    assign,
    defaults,
    parameters_if_readable,
    parameters_of,
)
from metalearn_lab.workbook.record import Record, write_record
from metalearn_lab.workbook.report import write_report
from metalearn_lab.workbook.run_folder import make_run_folder
from metalearn_lab.workbook.run_key import run_key
from metalearn_lab.workbook.run_plan import Planned, begin_or_go_on, record_path


class Run(NamedTuple):
    """A run that has come to its end.

    Attributes:
        folder: where everything is.
        records: of every chapter, in order.
    """

    folder: Path
    records: list[Record]


def run_chapters(
    chapters: Sequence[Chapter],
    folder: Path,
    out: Path | None = None,
    given: Sequence[tuple[str, str]] = (),
    tell: Callable[[str], object] = lambda _: None,
) -> Run:
    """Run chapters in order; one that fails keeps its partial notebook and the others go on.

    Everything that can be wrong with the request is found before the first chapter starts. Each
    chapter's record and the report are written when it ends. A run that was killed goes on where it
    was when it is asked for again with the same folder: chapters that have ended well are kept, the
    others run again. Chapters run in the current folder, as papermill does, so that a path given as
    a parameter means what it says.

    Args:
        chapters: what to run, in this order.
        folder: where the notebooks are.
        out: a folder for executed notebooks, their pages and records, ``table.csv`` and
            ``index.html``: new, empty, or of this same run; ``runs/<time>`` beside the notebooks
            when not given.
        given: parameters as typed, name and value.
        tell: hears in one line which chapters are kept.

    Raises:
        WorkbookError: a missing notebook, an unknown or ill-typed parameter, or an output folder
            that cannot be written, that another command writes into or that holds something else;
            or a record or the report could not be written.
    """
    notebooks = notebook_paths(chapters, folder)
    known = {chapter: parameters_if_readable(path) for chapter, path in notebooks.items()}
    try:
        changed = assign(given, known)
    except WorkbookError:
        for path in notebooks.values():
            parameters_of(path)  # one that cannot be read is the better reason
        raise
    plan = {
        chapter.name: _planned(notebook, defaults(known[chapter]) | changed[chapter])
        for chapter, notebook in notebooks.items()
    }
    target = make_run_folder(out, folder)
    with folder_lock(target), _stopped(target, tell):
        done = begin_or_go_on(target, plan)
        if done:
            tell(f"kept, because they have run: {', '.join(done)}")
            _report(done, plan, target)
        for place, (chapter, notebook) in enumerate(notebooks.items(), start=1):
            if chapter.name not in done:
                label = f"[{place}/{len(notebooks)}] {chapter.name}"
                _forget(target, chapter)
                record = execute_chapter(chapter, notebook, target, changed[chapter], label)
                _keep(record, target)
                done[chapter.name] = record
                _report(done, plan, target)
    return Run(target, [done[name] for name in plan])


@contextmanager
def _stopped(out: Path, tell: Callable[[str], object]) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        with suppress(OSError):  # a terminal that is gone
            tell(f"stopped. What has finished is kept: with --out {out} the same command goes on")
        raise


def _planned(notebook: Path, parameters: dict[str, object]) -> Planned:
    return Planned(run_key(notebook, parameters), parameters)


def _forget(out: Path, chapter: Chapter) -> None:
    """Take away what an earlier try left, so that nothing of it passes for this one's."""
    record = record_path(out, chapter.name)
    for path in (record, record.with_suffix(".html"), record.with_suffix(".ipynb")):
        path.unlink(missing_ok=True)


def _keep(record: Record, out: Path) -> None:
    if failure := failure_of(write_record, record_path(out, record.chapter), record):
        raise _unwritable(f"the record of {record.chapter}", out, failure)


def _report(done: dict[str, Record], plan: dict[str, Planned], out: Path) -> None:
    if failure := failure_of(write_report, [done[name] for name in plan if name in done], out):
        raise _unwritable("the report", out, failure)


def _unwritable(what: str, out: Path, failure: str) -> WorkbookError:
    return WorkbookError(
        f"{what} could not be written into {out}: {failure}. When that is mended, give the same "
        f"command with --out {out}: it goes on where it was."
    )
