"""Run the points that are not there yet, and keep their table up to date: `run` and `sweep`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path

from metalearn_lab.atomic_file import write_text
from metalearn_lab.sweep.points import Point
from metalearn_lab.sweep.progress import Progress
from metalearn_lab.sweep.results import columns_csv, results_csv
from metalearn_lab.sweep.run_folder import (
    clear_point_folder,
    keep_outcome,
    kept_record,
    lock_folder,
    writing_into,
)
from metalearn_lab.sweep.worker import Outcome
from metalearn_lab.workbook.execute import execute_chapter
from metalearn_lab.workbook.record import Record

RESULTS_FILE = "results.csv"
RESULTS_COLUMNS_FILE = "results_columns.csv"
PointRunner = Callable[[Sequence[Point]], Generator[tuple[Point, Outcome], None, None]]
"""Runs points, here or on a cluster; each with what became of it, as they end."""


def run_points(
    points: Sequence[Point],
    out: Path,
    run: PointRunner,
    print_line: Callable[[str], object] = lambda line: None,
) -> Progress:
    """Run points to their end, going on where an earlier call was stopped.

    Points that are there already, with a record of a run that ended well, are not run again; those
    that failed are. Each run's files and the table are written as soon as it ends, by this process
    alone. A folder may hold the points of several calls: all are kept, and ``results.csv`` has
    those of the last, and ``results_columns.csv`` says what its columns mean.

    Args:
        points: what to run, in the order of the table.
        out: where to, see `metalearn_lab.sweep.run_folder`.
        run: runs them: `one_after_another` with its folder, or
            `metalearn_lab.sweep.scheduling.on_cluster` with its workers.
        print_line: takes one line for each run.

    Raises:
        WorkbookError: the folder holds something else or cannot be written, a record in it is
            damaged, or the cluster was lost; what has finished is kept.
    """
    with lock_folder(out, points):
        record_of_key = {point.key: kept_record(out, point) for point in points}
        progress = Progress(
            points, {key: record for key, record in record_of_key.items() if record}
        )
        print_line(progress.first_line())
        _write_tables(progress, out)
        with closing(run(progress.waiting_points)) as ended_points:
            for point, outcome in ended_points:
                _check_key(point, outcome.record)
                with writing_into(out):
                    keep_outcome(out, point, outcome)
                line = progress.count_run(point, outcome.record)
                _write_tables(progress, out)
                print_line(line)
    return progress


def _check_key(point: Point, record: Record) -> None:
    """What ran must be what was planned, or else it has failed."""
    if record.key != point.key:
        record.error = record.error or "its notebook was changed while others ran: run it again"
        record.key = point.key


def one_after_another(
    out: Path, points: Sequence[Point]
) -> Generator[tuple[Point, Outcome], None, None]:
    """Run points in this process, in the current folder as papermill does, with a bar for each.

    A path that is given as a parameter means what it says, and a notebook can be looked at while
    it runs.
    """
    for number, point in enumerate(points, start=1):
        with writing_into(out):
            folder = clear_point_folder(out, point)
        label = f"[{number}/{len(points)}] {point.chapter.name}"
        record = execute_chapter(point.chapter, point.notebook, folder, point.changed, label)
        yield point, Outcome(record)


def _write_tables(progress: Progress, out: Path) -> None:
    with writing_into(out):
        write_text(out / RESULTS_FILE, results_csv(progress.points, progress.records))
        write_text(out / RESULTS_COLUMNS_FILE, columns_csv(progress.points, progress.records))
