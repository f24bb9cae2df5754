"""The plan of a chapter's lesson, made from the notes on teaching."""

from __future__ import annotations

import re
from typing import Any

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.teaching_tags import INSTRUCTOR, has_tag

_NOTE = re.compile(r"\*\*Instructor, (\d+) minutes?\.\*\* \S")
_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^##? (.+)$", re.MULTILINE)


def minutes_of(note: str) -> int:
    """The minutes that a note on teaching begins with.

    Raises:
        WorkbookError: it does not.
    """
    if beginning := _NOTE.match(note):
        return int(beginning[1])
    raise WorkbookError(
        "a note on teaching begins with its minutes and says something: "
        f"`**Instructor, 10 minutes.** Ask …`, not `{note[:40]}`"
    )


def sections(cells: list[Any]) -> list[tuple[str, list[int]]]:
    """The headings of a chapter, title and sections, with the minutes of the notes under each."""
    planned: list[tuple[str, list[int]]] = [("", [])]  # what stands before the first heading
    for cell in cells:
        if cell["cell_type"] == "markdown":
            if has_tag(cell, INSTRUCTOR):
                planned[-1][1].append(minutes_of(cell["source"]))
            headings = _HEADING.findall(_FENCED.sub("", cell["source"]))
            planned += [(heading.strip(), []) for heading in headings]
    return [section for section in planned if any(section)]


def teaching_plan(cells: list[Any]) -> str:
    """The sections that have notes, their minutes and the sum, as a markdown table.

    Raises:
        WorkbookError: there is no note.
    """
    planned = [(heading, sum(minutes)) for heading, minutes in sections(cells) if minutes]
    if not planned:
        raise WorkbookError("the chapter has no notes on teaching, in cells tagged `instructor`")
    rows = [f"| {heading} | {minutes} |" for heading, minutes in planned]
    total = sum(minutes for _, minutes in planned)
    head = ["**The plan**, in minutes:", "", "| section | minutes |", "| --- | --: |"]
    return "\n".join([*head, *rows, f"| **all** | **{total}** |"])
