"""The pages beside the chapters: every link leads to a heading or a file that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from metalearn_lab.workbook.book.links import page_anchor
from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.source import source_path

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
PAGES = ("bibliography.md", "catalogue.md", "index_of_methods.md")
ENTRIES = 68
"""Of the course's list of what the articles contain."""

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", re.M)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def headings(name: str) -> set[str]:
    """The anchors of the headings of a chapter, read from its source, or of a page."""
    path = FOLDER / name
    text = (source_path(path) if path.suffix == ".ipynb" else path).read_text(encoding="utf-8")
    mark = r"^# (#{1,4}) (.+)$" if path.suffix == ".ipynb" else r"^(#{1,4}) (.+)$"
    return {page_anchor(line.replace(" ", "-")) for _, line in re.findall(mark, text, re.M)}


def text_of(page: str) -> str:
    return (FOLDER / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    links = [link for link in LINK.findall(text_of(page)) if not link.startswith("https://")]
    assert len(links) > 5
    chapters = {f"{chapter.name}.ipynb" for chapter in CHAPTERS}
    for link in links:
        name, _, anchor = link.partition("#")
        if name.endswith(".ipynb"):
            assert name in chapters, link
        elif name:
            assert (FOLDER / name).is_file(), link
        if anchor:
            assert page_anchor(anchor) in headings(name or page), link


def test_every_term_has_a_number_a_chinese_name_and_a_place():
    rows = ROW.findall(text_of("index_of_methods.md"))
    assert {int(number) for number, *_ in rows} == set(range(1, ENTRIES + 1))
    terms = [term for _, term, _, _ in rows]
    assert len(set(terms)) == len(terms)
    for _, term, chinese, place in rows:
        assert CHINESE.search(chinese) or "Reptile" in chinese, term
        assert LINK.search(place), term


def test_every_chapter_stands_in_the_family_tree_or_among_the_terms():
    text = text_of("index_of_methods.md")
    assert not [c.name for c in CHAPTERS if f"({c.name}.ipynb" not in text]


def test_a_heading_that_is_not_there_is_noticed():
    assert "no-such-heading" not in headings("03_maml.ipynb")
    assert "the-cliff" in headings("03_maml.ipynb")
