"""The teacher's page says what the chapters say: their minutes, their sections, their exercises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from metalearn_lab.workbook.book.links import page_anchor
from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.lesson_table import lesson_table
from metalearn_lab.workbook.source import read_source, source_path
from metalearn_lab.workbook.teaching_plan import sections

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
PAGE = (FOLDER / "for_teachers.md").read_text(encoding="utf-8")
LINK = re.compile(r"\[[^\]]*\]\((\d\d_\w+)\.ipynb(?:#([^)\s]+))?\)")


def minutes(chapter):
    """The minutes of a chapter's sections by their anchors, in order."""
    cells = read_source(source_path(FOLDER / f"{chapter}.ipynb"))["cells"]
    return {
        page_anchor(heading.replace(" ", "-")): sum(notes) for heading, notes in sections(cells)
    }


MINUTES = {chapter.name: minutes(chapter.name) for chapter in CHAPTERS}


def planned_rows():
    """Rows of tables with a column of minutes, as these minutes and what they are for."""
    column = None
    for line in PAGE.splitlines():
        row = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            column = None
        elif column is None:
            named = [place for place, cell in enumerate(row) if cell.startswith("Minutes")]
            column = named[0] if named else -1
        elif column >= 0 and row[column].isdigit() and LINK.search(line):
            yield int(row[column]), line


def linked_minutes(text):
    """The minutes of the chapters and sections that a row links; `A to B` is all in between."""
    total, links = 0, list(LINK.finditer(text))
    for place, link in enumerate(links):
        chapter, anchor = MINUTES[link[1]], link[2]
        if anchor is None:
            total += sum(chapter.values())
            continue
        names = list(chapter)
        first = last = names.index(page_anchor(anchor))
        if place and text[links[place - 1].end() : link.start()] == " to ":
            first = names.index(page_anchor(links[place - 1][2])) + 1
        total += sum(chapter[name] for name in names[first : last + 1])
    return total


def test_the_table_of_chapters_is_that_of_the_notes_on_teaching():
    [shown] = re.findall(r"<!-- lessons: .*? -->\n(.*?)<!-- end of lessons -->", PAGE, re.S)
    assert shown.strip() == lesson_table(FOLDER)


@pytest.mark.parametrize(("planned", "row"), list(planned_rows()))
def test_a_plan_gives_a_section_the_minutes_of_its_notes(planned, row):
    assert linked_minutes(row) == planned


def test_every_plan_is_checked():
    assert len(list(planned_rows())) > len(CHAPTERS) + 25


def test_every_lesson_has_its_length():
    [short] = re.findall(r"^## 90 minutes(.*?)^\*\*Homework", PAGE, re.S | re.M)
    assert sum(map(int, re.findall(r"^\| (\d+) \|", short, re.M))) == 90
    [week] = re.findall(r"^## A week(.*?)^\*\*Assessment", PAGE, re.S | re.M)
    days = week.split("**Day ")[1:]
    assert len(days) == 5
    for day in days:
        assert 60 <= sum(map(int, re.findall(r"^\| (\d+) \|", day, re.M))) <= 90
    term = [int(minutes) for minutes in re.findall(r"^\| \d+ \| (\d+) \|", PAGE, re.M)]
    assert len(term) == 24
    assert max(term) <= 90


def test_every_exercise_it_names_is_there():
    named = re.findall(r"(\d\d): (\d)\b", PAGE)
    assert len(named) > 15
    for number, exercise in named:
        [chapter] = [each for each in CHAPTERS if each.number == int(number)]
        text = source_path(FOLDER / f"{chapter.name}.ipynb").read_text(encoding="utf-8")
        heading = rf"^# (### Exercise {exercise}:|\*\*{exercise}\.)"
        assert re.search(heading, text, re.M), (number, exercise)


def test_every_chapter_is_taught_in_a_term_and_has_its_pitfalls():
    _, _, term = PAGE.partition("## A term")
    plan, _, pitfalls = term.partition("## Where classes get stuck")
    for chapter in CHAPTERS:
        link = f"({chapter.name}.ipynb"
        assert link in plan, f"give {chapter.name} a lesson under 'A term' of for_teachers.md"
        assert link in pitfalls, f"say under 'Where classes get stuck' where {chapter.name} is hard"
