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
            _check_cell(cell, cells[index + 1 : index + 2])
        except WorkbookError as error:
            raise WorkbookError(f"{chapter}, cell {index}: {error}") from None


def _check_cell(cell: Any, following: list[Any]) -> None:
    text, is_code = cell["source"], cell["cell_type"] == "code"
    is_exercise, is_note = has_tag(cell, EXERCISE), has_tag(cell, INSTRUCTOR)
    faults = {
        f"a cell tagged `{INSTRUCTOR}` is markdown, this one is code": is_note and is_code,
        f"a cell tagged `{EXERCISE}` is code, this one is {cell['cell_type']}": (
            is_exercise and not is_code
        ),
        f"a solution stands in a cell tagged `{EXERCISE}`, this one is not": (
            is_code and not is_exercise and has_marker(text)
        ),
        "a solution stands in a code cell; in text, fold an answer": (
            not is_code and has_marker(text)
        ),
        f"a note on teaching is tagged `{INSTRUCTOR}`, this one is not": (
            not is_code and not is_note and text.startswith("**Instructor")
        ),
    }
    for message, is_wrong in faults.items():
        if is_wrong:
            raise WorkbookError(message)
    if is_note:
        minutes_of(text)
    if not is_code:
        without_answers(text)
    if is_exercise:
        parse(text)
        if [(c["cell_type"], has_tag(c, EXERCISE)) for c in following] != [("code", False)]:
            raise WorkbookError("the cell after an exercise is code that checks it, here it is not")
