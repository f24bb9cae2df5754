"""The tags of cells that some readers do not get.

A code cell tagged `exercise` holds its solution between markers, and the code cell after it
checks the reader's. A markdown cell tagged `instructor` is a note on teaching.
"""

from __future__ import annotations

from typing import Any

EXERCISE, INSTRUCTOR = "exercise", "instructor"


def has_tag(cell: Any, tag: str) -> bool:
    """Whether the cell has the tag."""
    return tag in cell["metadata"].get("tags", ())
