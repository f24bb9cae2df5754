"""Answers that a reader unfolds: made for the exercises, and taken out of a student's copy."""

from __future__ import annotations

import re
from typing import Any

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.solution_blocks import solution_of
from metalearn_lab.workbook.teaching_tags import EXERCISE, has_tag

_OPENING = r"<details>\s*<summary>Answer[^<]*</summary>"
_OPENS_CELL = re.compile(rf"\A({_OPENING})\s*")
_FOLDED = re.compile(rf"{_OPENING}(?:(?!<details>).)*?</details>", re.DOTALL)
_LEFT_OVER = re.compile(r"<summary>[^/]*answer", re.IGNORECASE)


def with_folded_answers(cells: list[Any]) -> list[Any]:
    """The cells, and after the check of each exercise its solution, folded.

    Where an answer in words follows the check, the code goes to its beginning.

    Args:
        cells: those of a text source, exercises still with their solutions; answers in words are
            changed in place.
    """
    from nbformat.v4 import new_markdown_cell

    shown = list(cells)
    exercises = [index for index, cell in enumerate(cells) if has_tag(cell, EXERCISE)]
    for index in reversed(exercises):  # from the end, because a new cell moves those behind it
        code = f"```python\n{solution_of(cells[index]['source'])}\n```"
        following = cells[index + 2] if index + 2 < len(cells) else {"source": ""}
        if opening := _OPENS_CELL.match(following["source"]):
            words = following["source"][opening.end() :]
            following["source"] = f"{opening[1]}\n\n{code}\n\n{words}"
        else:
            folded = f"<details><summary>Answer</summary>\n\n{code}\n\n</details>"
            shown.insert(index + 2, new_markdown_cell(folded))
    return shown


def without_answers(text: str) -> str:
    """A markdown text without its folded answers.

    Raises:
        WorkbookError: something that looks like an answer is left.
    """
    without = _FOLDED.sub("", text)
    if _LEFT_OVER.search(without):
        raise WorkbookError(
            "an answer is folded as `<details><summary>Answer</summary> … </details>`, closed and "
            "with no other inside"
        )
    return re.sub(r"\n{3,}", "\n\n", without).strip("\n")
