"""One text source, four views: the committed workbook, and the copies for a class."""

from __future__ import annotations

import copy
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from metalearn_lab.workbook.answers import with_folded_answers, without_answers
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.solution_blocks import solution_of, stub_of
from metalearn_lab.workbook.teaching_cells import check_cells
from metalearn_lab.workbook.teaching_plan import teaching_plan
from metalearn_lab.workbook.teaching_tags import EXERCISE, INSTRUCTOR, has_tag


class View(StrEnum):
    """Whom a notebook is for."""

    WORKBOOK = "workbook"  # stubs, and answers to unfold
    STUDENT = "student"  # stubs, and no answers
    SOLUTION = "solution"  # the exercises solved
    INSTRUCTOR = "instructor"  # solved, with the notes on teaching and a plan


# What stands in a copy in place of the badge, which opens the committed workbook.
COPIES = {
    View.STUDENT: "*Student copy, without answers.*",
    View.SOLUTION: "*Solution copy: the exercises are solved.*",
    View.INSTRUCTOR: "*Instructor copy: the exercises are solved, and notes say what to ask.*",
}
BADGE = "[![Open in Colab]("


def view_of(source: Any, view: View, chapter: str) -> Any:
    """The notebook that such a reader gets, not executed.

    Args:
        source: what `workbook.source.read_source` gives; it stays as it is.
        view: whom it is for.
        chapter: the chapter's name, for messages.

    Raises:
        WorkbookError: a marker, a tag or a folded answer is malformed; or the chapter of a copy
            has no badge, or that of an instructor no notes.
    """
    check_cells(source["cells"], chapter)
    notebook = copy.deepcopy(source)
    try:
        notebook["cells"] = _MADE[view](notebook["cells"])
    except WorkbookError as error:
        raise WorkbookError(f"{chapter}: {error}") from None
    return notebook


def _workbook(cells: list[Any]) -> list[Any]:
    return _exercises(with_folded_answers(_without_notes(cells)), stub_of)


def _student(cells: list[Any]) -> list[Any]:
    shown = _without_notes(cells)
    texts = [cell for cell in shown if cell["cell_type"] == "markdown"]
    for cell in texts:
        cell["source"] = without_answers(cell["source"])
    shown = [cell for cell in shown if cell["source"]]
    return _named(_exercises(shown, stub_of), View.STUDENT)


def _solution(cells: list[Any]) -> list[Any]:
    return _named(_exercises(_without_notes(cells), solution_of), View.SOLUTION)


def _instructor(cells: list[Any]) -> list[Any]:
    from nbformat.v4 import new_markdown_cell

    plan = new_markdown_cell(teaching_plan(cells))
    title, *others = _named(_exercises(cells, solution_of), View.INSTRUCTOR)
    return [title, plan, *others]


_MADE: dict[View, Callable[[list[Any]], list[Any]]] = {
    View.WORKBOOK: _workbook,
    View.STUDENT: _student,
    View.SOLUTION: _solution,
    View.INSTRUCTOR: _instructor,
}


def _without_notes(cells: list[Any]) -> list[Any]:
    return [cell for cell in cells if not has_tag(cell, INSTRUCTOR)]


def _exercises(cells: list[Any], form: Callable[[str], str]) -> list[Any]:
    """The cells, each exercise in this form."""
    for cell in cells:
        if has_tag(cell, EXERCISE):
            cell["source"] = form(cell["source"])
    return cells


def _named(cells: list[Any], view: View) -> list[Any]:
    """The cells, with the copy's name in place of the badge."""
    badge, newline, rest = cells[0]["source"].partition("\n")
    if not badge.startswith(BADGE):
        raise WorkbookError(f"its first line is no badge: `{badge[:40]}`")
    cells[0]["source"] = f"{COPIES[view]}{newline}{rest}"
    return cells
