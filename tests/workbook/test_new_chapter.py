"""The skeleton of a chapter is listed in order wherever chapters are, and says what it lacks."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.colab import COLAB_SETUP
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.new_chapter import (
    CHAPTERS_FILE,
    PARAMETERS_FILE,
    SECONDS_FILE,
    gaps,
    write_skeleton,
    write_tables,
)
from metalearn_lab.workbook.source import cells, read_source
from metalearn_lab.workbook.teaching_plan import teaching_plan


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    for name in (CHAPTERS_FILE, PARAMETERS_FILE, SECONDS_FILE, "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repository / name, tmp_path / name)
    shutil.copytree(repository / "notebooks", tmp_path / "notebooks")
    (tmp_path / "tests" / "browser").mkdir()
    return tmp_path


@pytest.mark.parametrize(("number", "slug"), [(7, "learned_rates"), (99, "last")])
def test_it_stands_in_its_place_in_every_list(clone, number, slug):
    said = write_skeleton(number, slug, clone)
    expected = sorted([*(chapter.number for chapter in CHAPTERS), number])
    for name, numbered in (
        (CHAPTERS_FILE, r"^    Chapter\(\n        (\d+),"),
        (PARAMETERS_FILE, r'^    "(\d\d)_'),
        (SECONDS_FILE, r"^(\d\d),"),
    ):
        text = (clone / name).read_text(encoding="utf-8")
        assert [int(each) for each in re.findall(numbered, text, re.M)] == expected, name
        if name.endswith(".py"):
            ast.parse(text)
    assert f"{number:02d}_{slug} is there and runs" in said


def test_it_is_a_chapter_with_gaps(clone, capsys):
    write_skeleton(7, "learned_rates", clone)
    path = clone / "notebooks" / "source" / "07_learned_rates.py"
    notebook = read_source(path)
    assert "| **all** | **10** |" in teaching_plan(notebook["cells"])
    assert sum("nbval-check-output" in cell.tags for cell in cells(notebook)) == 3
    left = gaps(path.read_text(encoding="utf-8"))
    assert len(left) == 10
    assert left[0] == "three things that a reader can do afterwards."
    assert any(cell.text == COLAB_SETUP for cell in cells(notebook))
    code = [cell.text for cell in cells(notebook) if cell.kind == "code"]
    exec("\n".join(code[1:]), {})  # all but the cell for Colab
    shown = capsys.readouterr().out
    assert shown.count("'holds': True") == 3
    assert re.findall(r"'kind': '(\w+)'", shown) == ["proof", "finding", "proof"]


def test_the_tables_are_those_of_the_catalogue(clone):
    before = [(clone / name).read_text() for name in ("README.md", "notebooks/for_teachers.md")]
    write_tables(clone)
    after = [(clone / name).read_text() for name in ("README.md", "notebooks/for_teachers.md")]
    assert before == after


@pytest.mark.parametrize(
    ("number", "slug", "message"),
    [
        (6, "more", "there is a chapter 06 already: 06_few_shot_text"),
        (100, "far", "'100 far' names no chapter"),
        (7, "Learned Rates", "'7 Learned Rates' names no chapter"),
        (7, "../up", "names no chapter"),
    ],
)
def test_what_is_no_new_chapter_is_refused(clone, number, slug, message):
    with pytest.raises(WorkbookError, match=re.escape(message)):
        write_skeleton(number, slug, clone)


def test_outside_of_a_clone_nothing_is_written(tmp_path):
    with pytest.raises(WorkbookError, match="is no clone of the repository"):
        write_skeleton(7, "learned_rates", tmp_path)
    assert list(tmp_path.iterdir()) == []
