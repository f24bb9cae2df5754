"""The tags of cells that some readers do not get.

A code cell tagged `exercise` holds its solution between markers, and the code cell after it
checks the reader's. A markdown cell tagged `instructor` is a note on teaching. A code cell tagged
`hide-output` answers a prediction: its output is folded until the reader opens it or runs the cell.
"""

from __future__ import annotations

from typing import Any

EXERCISE, INSTRUCTOR, HIDE_OUTPUT = "exercise", "instructor", "hide-output"


def has_tag(cell: Any, tag: str) -> bool:
    """Whether the cell has the tag."""
    return tag in cell["metadata"].get("tags", ())
