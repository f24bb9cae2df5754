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
from metalearn_lab.workbook.record import Record

FIRST = ("key", "chapter")
THEN = ("status", "error")


def results_table(points: Sequence[Point], records: Mapping[str, Record]) -> str:
    """The table as CSV: key, chapter, parameters, status, error, and headline values.

    A parameter has a column if any entry of the sweep file gives it; chapters that have it show
    the value they ran with. A headline value whose name is taken by another column, or by an
    earlier headline of its chapter, is called ``headline_<name>`` or ``<name>_2``.

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
    for headline in record.headlines:
        for name, value in headline["values"].items():
            row[_free(f"headline_{name}" if name in taken else name, row)] = value
    return row


def _free(name: str, row: Mapping[str, Any]) -> str:
    """The name, or the first of name_2, name_3, … that the row does not have."""
    free, count = name, 1
    while free in row:
        count += 1
        free = f"{name}_{count}"
    return free
