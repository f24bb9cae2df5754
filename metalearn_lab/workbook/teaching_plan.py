"""The plan of a chapter's lesson, made from the notes on teaching."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
    begins = _NOTE.match(note)
    if begins is None:
        raise WorkbookError(
            "a note on teaching begins with its minutes and says something: "
            f"`**Instructor, 10 minutes.** Ask …`, not `{note[:40]}`"
        )
    return int(begins[1])


def sections(cells: list[Any]) -> Iterator[tuple[str, list[int]]]:
    """The headings of a chapter, title and sections, with the minutes of the notes under each."""
    heading, minutes = "", list[int]()
    for cell in cells:
        if cell["cell_type"] != "markdown":
            continue
        if has_tag(cell, INSTRUCTOR):
            minutes.append(minutes_of(cell["source"]))
        for found in _HEADING.findall(_FENCED.sub("", cell["source"])):
            if heading or minutes:
                yield heading, minutes
            heading, minutes = found.strip(), []
    if heading or minutes:
        yield heading, minutes


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
