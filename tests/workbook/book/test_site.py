"""The site of the committed chapters: every page is there, and nothing in it leads nowhere."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup

import metalearn_lab
from metalearn_lab.workbook.answers import without_answers
from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.teaching_tags import HIDE_OUTPUT, has_tag
from tests.served import served

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.md"))
READ = ["index", *(chapter.name for chapter in CHAPTERS), *DOCUMENTS, "python_api"]
# Ten a second is its limit, unless the server says that it may ask for more, as ours does.
LINK_CHECKER = "[checking]\nmaxrequestspersecond=1000\n[filtering]\ncheckextern=0\n"


@pytest.fixture(scope="module")
def pages(site) -> dict[str, BeautifulSoup]:
    return {
        path.stem: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in site.glob("*.html")
    }


def test_every_chapter_and_document_is_a_page(pages):
    assert set(pages) == {*READ, "search"}


def test_the_navigation_leads_through_them_in_order(pages):
    for page in READ:
        entries = pages[page].select(".sidebar-tree a.reference")
        shown = [link["href"].removesuffix(".html") for link in entries]
        assert ["#" if name == page else name for name in READ[1:]] == shown
    for before, after in pairwise(READ[1:]):
        assert pages[before].select_one("a.next-page")["href"] == f"{after}.html"
        assert pages[after].select_one("a.prev-page")["href"] == f"{before}.html"


def test_no_page_loads_anything_from_another_host(site, pages):
    loaded = {
        (name, element.get("src") or element["href"])
        for name, page in pages.items()
        for element in page.select("[src], link[href]")
    }
    assert len(loaded) > 10 * len(pages)
    outside = {(name, url) for name, url in loaded if urlsplit(url).netloc}
    assert outside == set()
    styles = [path.read_text(encoding="utf-8") for path in site.glob("_static/**/*.css")]
    styles += [str(style) for page in pages.values() for style in page.select("[style], style")]
    assert not [style for style in styles if re.search(r"(url\(|@import)\W*(https?:)?//", style)]


def test_no_link_is_dead(site, tmp_path):
    (tmp_path / "linkcheckerrc").write_text(LINK_CHECKER)
    checker = str(Path(sys.executable).with_name("linkchecker"))
    how = ["--config", str(tmp_path / "linkcheckerrc"), "--no-status", "--verbose"]
    with served(site) as address:
        done = subprocess.run(
            [checker, *how, "--output", "csv", f"{address}/index.html"],
            capture_output=True,
            text=True,
            check=False,
        )
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    links = list(csv.DictReader(lines, delimiter=";"))
    assert {f"{address}/{name}.html" for name in READ} <= {link["url"] for link in links}
    dead = [(link["parentname"], link["urlname"]) for link in links if link["valid"] != "True"]
    assert dead == []
    assert done.returncode == 0, done.stderr


def test_no_anchor_is_dead(pages):
    anchors = {
        name: {element["id"] for element in page.select("[id]")} for name, page in pages.items()
    }
    dead, checked = [], 0
    for name, page in pages.items():
        for link in page.select("a[href*='#']"):
            url = urlsplit(urljoin(f"{name}.html", link["href"]))
            if url.netloc or url.fragment in ("", "top"):
                continue
            checked += 1
            if unquote(url.fragment) not in anchors[url.path.removesuffix(".html")]:
                dead.append((name, link["href"]))
    assert checked > 100
    assert dead == []


def test_the_search_finds_words_of_the_chapters(site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    for word in (
        "reptil",
        "sinusoid",
        "prototyp",
    ):  # stemmed, as the search does with what is typed
        assert re.search(rf"\b{word}\b", index)
    assert "04 First-order MAML and Reptile" in index


def test_every_public_name_is_described_on_its_page(pages):
    page = pages["python_api"]
    described = {
        entry["id"].removeprefix("metalearn_lab."): entry.find_next_sibling("dd").text
        for entry in page.select("dt[id^='metalearn_lab.']")
    }
    assert set(metalearn_lab.__all__) <= set(described)
    assert all(len(described[name].split()) > 3 for name in metalearn_lab.__all__)


@pytest.mark.parametrize("name", [chapter.name for chapter in CHAPTERS])
def test_a_page_shows_what_its_notebook_does(pages, name):
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4)
    texts = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    pictures = []
    for output in (output for cell in code for output in cell.outputs):
        data = output.get("data", {})
        if "text/html" in data:  # shown in place of a picture; it may hold some of its own
            inside = BeautifulSoup(data["text/html"], "html.parser").select("img")
            pictures += [image["alt"] for image in inside]
        elif "image/png" in data:
            pictures.append(output.metadata["image/png"]["alt"])
    article = pages[name].select_one("article")
    badge, *others = [image["alt"] for image in article.select("img")]
    assert (badge, others) == ("Open in Colab", pictures)
    hidden = [cell for cell in code if has_tag(cell, HIDE_OUTPUT)]
    shown = "".join(o.get("data", {}).get("text/html", "") for c in code for o in c.outputs)
    folded = without_answers(texts).count("<details>") + shown.count("<details")
    assert len(article.select("details")) == folded + len(hidden) + 1  # the cell for Colab
    assert len(article.select("details.below-input .cell_output")) == len(hidden)
    assert len(article.select("div.cell_input .highlight")) == len(code)
    assert len(article.select("math")) > 5
    assert article.select_one("h1").text.startswith(f"{name[:2]} ")
    assert f"{name}.ipynb" in article.select_one("a[href*='colab.research']")["href"]
