"""The README says what the catalogue, the Makefile and the command say."""

from __future__ import annotations

import re
from pathlib import Path

from metalearn_lab.workbook.chapter_table import chapter_table
from metalearn_lab.workbook.chapters import CHAPTERS, REPOSITORY

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_chapter_table_is_the_catalogues():
    [shown] = re.findall(r"<!-- chapters: .*? -->\n(.*?)<!-- end of chapters -->", README, re.S)
    assert shown.strip() == chapter_table()


def test_the_two_commands_come_first():
    first_screen = "\n".join(README.splitlines()[:12])
    assert f"git clone https://github.com/{REPOSITORY} " in first_screen
    assert "\nmake lab " in first_screen
    assert "\nmake test " in first_screen


def test_every_target_and_file_it_names_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake (lab|test|[a-z]+)\b(?=[ `])", README)):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for path in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / path).exists(), path


def test_every_notebook_in_the_folder_is_in_the_catalogue():
    found = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert found == {chapter.name for chapter in CHAPTERS}
