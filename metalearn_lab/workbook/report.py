"""The report of a run: one table, for the terminal, for pandas and for a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metalearn_lab.atomic_file import write_text
from metalearn_lab.workbook.html import index_page, said
from metalearn_lab.workbook.record import Record


def table(records: Sequence[Record]) -> list[dict[str, str]]:
    """One row for each chapter: chapter, seconds, status, and its headline results or its error."""
    return [
        {
            "chapter": record.chapter,
            "seconds": f"{record.seconds:.1f}",
            "status": record.status,
            "headline": record.error or " ".join(said(record)),
        }
        for record in records
    ]


def as_text(rows: Sequence[dict[str, str]]) -> str:
    """The table for a terminal, columns aligned."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]) - 1)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]
        )
        for line in lines
    )


def write_report(records: Sequence[Record], out: Path) -> None:
    """Write ``table.csv`` and ``index.html``."""
    import pandas

    write_text(out / "table.csv", pandas.DataFrame(table(records)).to_csv(index=False))
    write_text(out / "index.html", index_page(records))
