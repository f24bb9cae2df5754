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

    shown: list[Any] = []
    for index, cell in enumerate(cells):
        shown.append(cell)
        if not index or not has_tag(cells[index - 1], EXERCISE):
            continue
        code = f"```python\n{solution_of(cells[index - 1]['source'])}\n```"
        following = cells[index + 1 : index + 2]
        if following and (opening := _OPENS_CELL.match(following[0]["source"])):
            words = following[0]["source"][opening.end() :]
            following[0]["source"] = f"{opening[1]}\n\n{code}\n\n{words}"
        else:
            folded = f"<details><summary>Answer</summary>\n\n{code}\n\n</details>"
            shown.append(new_markdown_cell(folded))
    return shown


def without_answers(text: str) -> str:
    """A markdown text without its folded answers.

    Raises:
        WorkbookError: something that looks like an answer is left.
    """
    rest = _FOLDED.sub("", text)
    if _LEFT_OVER.search(rest):
        raise WorkbookError(
            "an answer is folded as `<details><summary>Answer</summary> … </details>`, closed and "
            "with no other inside"
        )
    return re.sub(r"\n{3,}", "\n\n", rest).strip("\n")
