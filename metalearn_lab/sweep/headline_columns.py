"""The headline values of a run as columns of a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from metalearn_lab.workbook.headline import HALF_WIDTH
from metalearn_lab.workbook.record import Record


def headline_columns(record: Record, taken: Collection[str]) -> dict[str, Any]:
    """The values by column, each half-width behind its mean.

    A value whose name is taken is called ``headline_<name>``, and one whose name an earlier
    headline of its chapter has, ``<name>_2``; its half-width has that name and ``_half_width``.

    Args:
        record: of the run.
        taken: names of other columns.
    """
    columns: dict[str, Any] = {}
    for headline in record.headlines:
        values = headline["values"]
        for name in (name for name in values if not _is_half_width(name, values)):
            column = _free(f"headline_{name}" if name in taken else name, columns)
            columns[column] = values[name]
            if name + HALF_WIDTH in values:
                columns[column + HALF_WIDTH] = values[name + HALF_WIDTH]
    return columns


def _is_half_width(name: str, values: Mapping[str, Any]) -> bool:
    mean = name.removesuffix(HALF_WIDTH)
    return mean != name and mean in values


def _free(name: str, columns: Mapping[str, Any]) -> str:
    """The name, or the first of name_2, name_3, … that no column has."""
    free, count = name, 1
    while free in columns:
        count += 1
        free = f"{name}_{count}"
    return free
