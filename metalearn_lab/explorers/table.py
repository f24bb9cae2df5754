"""A table in an explorer: what its picture says in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

_LEFT = "text-align:left"  # JupyterLab aligns cells to the right


class Table(NamedTuple):
    """What a picture says, in numbers: for those who cannot see it, and to read values from.

    Attributes:
        caption: what the rows are.
        columns: headings, the first one over the row headers.
        rows: cells as text; the first of each row is its header.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def table_html(table: Table) -> str:
    """A table whose headers are marked as such.

    Raises:
        ValueError: a row has not one cell for each column.
    """
    for row in table.rows:
        if len(row) != len(table.columns):
            raise ValueError(f"{len(table.columns)} columns, but a row is {list(row)}")
    head = "".join(f'<th scope="col" style="{_LEFT}">{escape(each)}</th>' for each in table.columns)
    body = "".join(map(_row_html, table.rows))
    return (
        f'<table><caption style="{_LEFT}">{escape(table.caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row_html(row: Sequence[str]) -> str:
    header, *cells = map(escape, row)
    rest = "".join(f'<td style="{_LEFT}">{cell}</td>' for cell in cells)
    return f'<tr><th scope="row" style="{_LEFT};font-weight:normal">{header}</th>{rest}</tr>'
