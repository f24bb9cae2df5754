"""A run as a step of a test, and what is in its folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from metalearn_lab.sweep.points import points_of_run
from metalearn_lab.sweep.run_points import one_after_another, run_points
from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.record import Record

TIMES = ("started", "seconds", "computed_on", "code")


def timeless_rows(table: Path | str) -> list[dict[str, str]]:
    """The rows of ``results.csv``, a file or its text, without what differs from run to run."""
    text = table.read_text(encoding="utf-8") if isinstance(table, Path) else table
    rows = csv.DictReader(io.StringIO(text))
    return [{name: row[name] for name in row if name not in TIMES} for row in rows]


def run_here(
    chapters: Sequence[Chapter],
    notebooks: Path,
    out: Path,
    given: Sequence[tuple[str, str]] = (),
    say: Callable[[str], object] = lambda line: None,
) -> list[Record]:
    """What `metalearn-lab run` does, but for its report; the records, in order."""
    points = points_of_run(chapters, given, notebooks)
    return run_points(points, out, partial(one_after_another, out), say).ended_records


def folders_of(out: Path) -> dict[str, Path]:
    """The folder of each chapter of a run, by the chapter's name."""
    return {path.name.rpartition("-")[0]: path for path in (out / "runs").iterdir()}
