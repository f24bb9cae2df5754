"""What a lesson on each chapter takes, as a table for the teacher's page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metalearn_lab.workbook.chapters import CHAPTERS, Chapter
from metalearn_lab.workbook.doctor.speed import chapter_times
from metalearn_lab.workbook.source import read_source, source_path
from metalearn_lab.workbook.teaching_plan import sections
from metalearn_lab.workbook.teaching_tags import EXERCISE, has_tag

HEAD = ("Chapter", "Minutes in class", "Exercises that check themselves", "Seconds to run")


def lesson_table(folder: Path, chapters: Sequence[Chapter] = CHAPTERS) -> str:
    """The chapters as a Markdown table: minutes as in the notes on teaching, seconds as measured.

    Args:
        folder: where the notebooks are, with their text sources in ``source``.
        chapters: in their order.

    Raises:
        WorkbookError: a text source is missing, or a note on teaching has no minutes.
    """
    seconds = {row.chapter: f"{row.seconds:g}" for row in chapter_times()}
    lines = [HEAD, ("---", "--:", "--:", "--:")]
    for chapter in chapters:
        number, notebook = f"{chapter.number:02d}", f"{chapter.name}.ipynb"
        cells = read_source(source_path(folder / notebook))["cells"]
        minutes = sum(sum(notes) for _, notes in sections(cells))
        exercises = sum(has_tag(cell, EXERCISE) for cell in cells)
        link = f"[{number} {chapter.title}]({notebook})"
        lines.append((link, str(minutes), str(exercises), seconds[number]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
