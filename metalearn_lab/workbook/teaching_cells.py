"""What exercises, answers and notes on teaching must look like in a text source."""

from __future__ import annotations

from typing import Any

from metalearn_lab.workbook.answers import without_answers
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.solution_blocks import has_marker, parse
from metalearn_lab.workbook.teaching_plan import minutes_of
from metalearn_lab.workbook.teaching_tags import EXERCISE, INSTRUCTOR, has_tag


def check_cells(cells: list[Any], chapter: str) -> None:
    """See that every view can be made of these cells.

    Raises:
        WorkbookError: a marker, a tag or a folded answer is malformed; the message names the
            chapter and the cell.
    """
    for index, cell in enumerate(cells):
        try:
            _check_code(cell) if cell["cell_type"] == "code" else _check_text(cell)
            if has_tag(cell, EXERCISE):
                _check_follows(cells[index + 1 : index + 2])
        except WorkbookError as error:
            raise WorkbookError(f"{chapter}, cell {index}: {error}") from None


def _check_code(cell: Any) -> None:
    if has_tag(cell, INSTRUCTOR):
        raise WorkbookError(f"a cell tagged `{INSTRUCTOR}` is markdown, this one is code")
    if has_tag(cell, EXERCISE):
        parse(cell["source"])
    elif has_marker(cell["source"]):
        raise WorkbookError(f"a solution stands in a cell tagged `{EXERCISE}`, this one is not")


def _check_text(cell: Any) -> None:
    text = cell["source"]
    if has_tag(cell, EXERCISE):
        raise WorkbookError(f"a cell tagged `{EXERCISE}` is code, this one is {cell['cell_type']}")
    if has_marker(text):
        raise WorkbookError("a solution stands in a code cell; in text, fold an answer")
    if has_tag(cell, INSTRUCTOR):
        minutes_of(text)
    elif text.startswith("**Instructor"):
        raise WorkbookError(f"a note on teaching is tagged `{INSTRUCTOR}`, this one is not")
    without_answers(text)


def _check_follows(following: list[Any]) -> None:
    if not following or following[0]["cell_type"] != "code" or has_tag(following[0], EXERCISE):
        raise WorkbookError("the cell after an exercise is code that checks it, here it is not")
