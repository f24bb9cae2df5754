"""The table of a run or a sweep, one row a point, and what its columns mean."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, count
from typing import Any

from metalearn_lab.sweep.points import Point
from metalearn_lab.workbook.facts import KINDS
from metalearn_lab.workbook.headline import HALF_WIDTH
from metalearn_lab.workbook.record import Record

COLUMNS = {
    "key": "names the run: chapter, its code, its parameters and the package's code",
    "chapter": "which chapter ran",
    "status": "ok; false facts: it came to its end, but a fact is False; or failed",
    "error": "why it failed",
    "started": "when it began, in local time with its offset",
    "seconds": "how long it took, in seconds",
    "computed_on": "the best device that was available; a chapter may be told to use another",
    "code": "changes whenever the code of the package, or the version of torch or Python, does",
    "proofs": "facts that hold always: how many the chapter has",
    "proofs_false": "how many of them do not hold",
    "findings": "facts that the experiments showed: how many the chapter has",
    "findings_false": "how many of them do not hold, those included that say in how many runs",
}
"""What every run has, with its meaning; parameters stand behind the chapter."""
FIRST_COLUMNS = ("key", "chapter")


def results_csv(points: Sequence[Point], records: Mapping[str, Record]) -> str:
    """The table as CSV, in the order of the points.

    Chapters that have a parameter show the value they ran with. How headline values are called is
    said at `headline_columns`.

    Args:
        points: of the run or the sweep.
        records: of those that have ended, by key; the others have no row.
    """
    columns = _columns(points, records)
    rows = _rows(points, records)
    return csv_text(columns, ([row.get(name) for name in columns] for row in rows))


def columns_csv(points: Sequence[Point], records: Mapping[str, Record]) -> str:
    """What the columns of that table mean, as CSV: ``column`` and ``meaning``."""
    parameters = {
        name: f"parameter: {point.help.get(name, '').strip() or 'see the chapter'}"
        for point in points
        for name in point.parameters
    }
    meanings = COLUMNS | parameters
    names = _columns(points, records)
    rows = ([name, meanings.get(name) or _headline_meaning(name)] for name in names)
    return csv_text(["column", "meaning"], rows)


def taken_names(points: Sequence[Any]) -> set[str]:
    """The names that headline values cannot have, of points or planned runs."""
    return set(COLUMNS) | {name for point in points for name in point.parameters}


def _columns(points: Sequence[Point], records: Mapping[str, Record]) -> list[str]:
    parameters = [name for point in points for name in point.parameters]
    headlines = [name for row in _rows(points, records) for name in row]
    return list(dict.fromkeys([*FIRST_COLUMNS, *parameters, *COLUMNS, *headlines]))


def _rows(points: Sequence[Point], records: Mapping[str, Record]) -> list[dict[str, Any]]:
    names = taken_names(points)
    ended = [records[point.key] for point in points if point.key in records]
    return [_row(record) | headline_columns(record, names) for record in ended]


def _row(record: Record) -> dict[str, Any]:
    fact_counts: dict[str, int] = {}
    for kind in KINDS:
        holds = [fact["holds"] for fact in record.facts if fact["kind"] == kind]
        fact_counts |= {f"{kind}s": len(holds), f"{kind}s_false": holds.count(False)}
    shown = {"seconds": round(record.seconds, 3), "computed_on": record.device}
    others = COLUMNS.keys() - fact_counts.keys() - shown.keys()
    own_values = {name: getattr(record, name) for name in others}
    return own_values | fact_counts | record.parameters | shown


def _headline_meaning(name: str) -> str:
    mean = name.removesuffix(HALF_WIDTH)
    if mean != name:
        return f"half-width of the 95 % interval of {mean}, over tasks"
    return "value of a headline of the chapter, whose sentence says what it is"


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as CSV; None is an empty cell."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()


def headline_columns(record: Record, taken: Collection[str]) -> dict[str, Any]:
    """The headline values of a run by column, each half-width behind its mean.

    A value whose name is taken is called ``headline_<name>``, and one whose name an earlier
    headline of its chapter has, ``<name>_2``; its half-width has that name and ``_half_width``.

    Args:
        record: of the run.
        taken: names of other columns.
    """
    columns: dict[str, Any] = {}
    for values in (headline["values"] for headline in record.headlines):
        half_widths = {name + HALF_WIDTH for name in values}
        for name in (name for name in values if name not in half_widths):
            column = _free_name(f"headline_{name}" if name in taken else name, columns)
            columns[column] = values[name]
            if name + HALF_WIDTH in values:
                columns[column + HALF_WIDTH] = values[name + HALF_WIDTH]
    return columns


def _free_name(name: str, columns: Collection[str]) -> str:
    """The name, or the first of name_2, name_3, … that no column has."""
    numbered = (f"{name}_{number}" for number in count(2))
    return next(column for column in chain([name], numbered) if column not in columns)
