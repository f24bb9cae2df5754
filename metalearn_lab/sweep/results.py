"""The table of a sweep: one row a point, in the order of the sweep file.

It has no times, so that a sweep that was killed and went on ends with the same table, byte for
byte.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from metalearn_lab.sweep.grid import Point
from metalearn_lab.sweep.headline_columns import headline_columns
from metalearn_lab.workbook.record import Record

FIRST = ("key", "chapter")
THEN = ("status", "error")


def results_table(points: Sequence[Point], records: Mapping[str, Record]) -> str:
    """The table as CSV: key, chapter, parameters, status, error, and headline values.

    A parameter has a column if any entry of the sweep file gives it; chapters that have it show
    the value they ran with. How headline values are called is said at `headline_columns`.

    Args:
        points: of the sweep.
        records: of those that have ended, by key; the others have no row.
    """
    ended = [point for point in points if point.key in records]
    given = list(dict.fromkeys(name for point in points for name in point.changed))
    taken = {*FIRST, *given, *THEN}
    rows = [_row(records[point.key], given, taken) for point in ended]
    headlines = dict.fromkeys(name for row in rows for name in row if name not in taken)
    text = io.StringIO()
    table = csv.DictWriter(text, [*FIRST, *given, *THEN, *headlines], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _row(record: Record, given: Sequence[str], taken: set[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"key": record.key, "chapter": record.chapter}
    row |= {name: record.parameters.get(name) for name in given}
    row |= {"status": record.status, "error": record.error}
    return row | headline_columns(record, taken)
