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
    NEXT,
    PARAMETERS_FILE,
    SECONDS_FILE,
    gaps,
    write_skeleton,
    write_tables,
)
from metalearn_lab.workbook.solution_blocks import has_marker, solution_of
from metalearn_lab.workbook.source import cells, read_source, source_path
from metalearn_lab.workbook.teaching_plan import teaching_plan

FREE = next(n for n in range(99) if n not in {chapter.number for chapter in CHAPTERS})
"""A number that no chapter has yet."""


def solution_of_exercise(text):
    return solution_of(text) if has_marker(text) else text


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    for name in (CHAPTERS_FILE, PARAMETERS_FILE, SECONDS_FILE, "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repository / name, tmp_path / name)
    shutil.copytree(repository / "notebooks", tmp_path / "notebooks")
    (tmp_path / "tests" / "browser").mkdir()
    return tmp_path


@pytest.mark.parametrize(("number", "slug"), [(FREE, "learned_rates"), (99, "last")])
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
    write_skeleton(FREE, "learned_rates", clone)
    path = clone / "notebooks" / "source" / f"{FREE:02d}_learned_rates.py"
    notebook = read_source(path)
    assert "| **all** | **10** |" in teaching_plan(notebook["cells"])
    assert sum("nbval-check-output" in cell.tags for cell in cells(notebook)) == 3
    left = gaps(path.read_text(encoding="utf-8"))
    assert len(left) == 11
    assert left[0] == "three things that a reader can do afterwards."
    assert any(cell.text == COLAB_SETUP for cell in cells(notebook))
    code = [cell.text for cell in cells(notebook) if cell.kind == "code"]
    exec("\n".join(map(solution_of_exercise, code[1:])), {})  # all but the cell for Colab
    shown = capsys.readouterr().out
    assert shown.count("'holds': True") == 3
    assert re.findall(r"'kind': '(\w+)'", shown) == ["proof", "finding", "proof"]


def test_the_tables_are_those_of_the_catalogue(clone):
    """Each chapter but the last links to the next, in its source and in its notebook."""
    files = [path for path in clone.rglob("*") if path.suffix in {".md", ".py", ".ipynb"}]
    before = {path: path.read_text(encoding="utf-8") for path in files}
    for path in (clone / "notebooks").rglob("[01]*"):
        last = path.stem == CHAPTERS[-1].name
        assert len(NEXT.findall(before[path])) == (not last), path
    write_tables(clone)
    assert {path: path.read_text(encoding="utf-8") for path in files} == before


def test_a_stale_link_to_the_next_chapter_is_written_anew(clone):
    chapter, following = CHAPTERS[2:4]
    paths = [clone / "notebooks" / f"{chapter.name}.ipynb"]
    paths.append(source_path(paths[0]))
    before = [path.read_text(encoding="utf-8") for path in paths]
    for path, text in zip(paths, before, strict=True):
        path.write_text(NEXT.sub("Next: [none](99_none.ipynb)", text), encoding="utf-8")
    write_tables(clone)
    assert [path.read_text(encoding="utf-8") for path in paths] == before
    assert f"({following.name}.ipynb)" in before[0]


@pytest.mark.parametrize(
    ("number", "slug", "message"),
    [
        (6, "more", "there is a chapter 06 already: 06_few_shot_text"),
        (100, "far", "'100 far' names no chapter"),
        (FREE, "Learned Rates", f"'{FREE} Learned Rates' names no chapter"),
        (FREE, "../up", "names no chapter"),
    ],
)
def test_what_is_no_new_chapter_is_refused(clone, number, slug, message):
    with pytest.raises(WorkbookError, match=re.escape(message)):
        write_skeleton(number, slug, clone)


def test_outside_of_a_clone_nothing_is_written(tmp_path):
    with pytest.raises(WorkbookError, match="is no clone of the repository"):
        write_skeleton(FREE, "learned_rates", tmp_path)
    assert list(tmp_path.iterdir()) == []
