"""A chapter as a web page: its pictures keep their words, and it fetches no script it can lack."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser

import nbformat
import pytest

from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.facts import fact_bundle
from metalearn_lab.workbook.html import export_html


class Page(HTMLParser):
    """Collects what the page shows of pictures, scripts, headers and its title."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pictures: list[dict[str, str | None]] = []
        self.scripts: list[str] = []
        self.formulas = 0
        self.language: str | None = None
        self.title = ""
        self._tag = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        facts, self._tag = dict(attrs), tag
        if tag == "img":
            self.pictures.append(facts)
        if tag == "script":
            self.scripts.append(facts.get("src"))
        self.formulas += tag == "math"
        if tag == "html":
            self.language = facts.get("lang")

    def handle_data(self, data):
        if self._tag == "title":
            self.title += data

    def handle_endtag(self, tag):
        self._tag = ""


@pytest.fixture(params=[chapter.name for chapter in CHAPTERS])
def exported(request, repository, tmp_path):
    """A committed chapter, and the page made from it."""
    path = tmp_path / f"{request.param}.ipynb"
    shutil.copy(repository / "notebooks" / path.name, path)
    export_html(path)
    return nbformat.read(path, 4), Page(path.with_suffix(".html").read_text())


def drawn_in(page):
    return [each for each in page.pictures if (each["src"] or "").startswith("data:image/png")]


def test_every_picture_keeps_its_alt_text(exported):
    notebook, page = exported
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    alts = []
    for out in outputs:
        data = out.get("data", {})
        if "text/html" in data:  # shown in place of a picture; it may hold some of its own
            alts += [each["alt"] for each in drawn_in(Page(data["text/html"]))]
        elif "image/png" in data:
            alts.append(out["metadata"]["image/png"]["alt"])
    drawn = drawn_in(page)
    assert [each["alt"] for each in drawn] == alts
    assert all(each.get("alt") for each in page.pictures)


def test_the_page_has_the_chapters_title_its_language_and_no_script(exported):
    notebook, page = exported
    heading = next(c for c in notebook.cells if "\n# " in c.source).source
    assert f"\n# {page.title.strip()}\n" in heading
    assert page.language == "en"
    assert page.scripts == []


def test_its_formulas_are_drawn_and_none_is_left_as_it_was_typed(exported):
    notebook, page = exported
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    formulas = re.findall(r"\$\$.+?\$\$|(?<![\\$])\$(?:[^$\n]|\n(?!\n))+\$", prose, re.DOTALL)
    assert page.formulas == len(formulas)


def test_false_facts_stand_at_the_top(tmp_path):
    facts = [
        fact_bundle("finding", "one <b>", -1, above=0),
        fact_bundle("finding", "two", 1, above=0),
        fact_bundle("finding", "three", -1, above=0, share="4 of 5 seeds"),
    ]
    outputs = [nbformat.v4.new_output("display_data", f.data, metadata=f.metadata) for f in facts]
    cells = [nbformat.v4.new_markdown_cell("# T"), nbformat.v4.new_code_cell("1", outputs=outputs)]
    path = tmp_path / "x.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    export_html(path)
    page = path.with_suffix(".html").read_text(encoding="utf-8")
    banner, _, rest = page.partition("</ul></div>")
    assert "<p>False in this run:</p><ul><li>one &lt;b&gt; (finding; -1 &gt; 0)</li>" in banner
    assert banner.count("<li>") == 1
    assert "<h1" in rest
    assert "<h1" not in banner


def test_the_page_of_a_run_shows_the_answers_to_predictions(tmp_path):
    outputs = [nbformat.v4.new_output("stream", text="neither")]
    folded = {"tags": ["hide-output"], "jupyter": {"outputs_hidden": True}}
    cells = [nbformat.v4.new_markdown_cell("# T")]
    cells.append(nbformat.v4.new_code_cell("1", outputs=outputs, metadata=folded))
    path = tmp_path / "x.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    export_html(path)
    assert "<pre>neither" in path.with_suffix(".html").read_text(encoding="utf-8")


def test_a_title_and_an_error_are_text(tmp_path):
    script = "<script>alert(1)</script>"
    error = {"ename": script, "evalue": script, "traceback": [f"\x1b[31m{script}\x1b[0m"]}
    cells = [nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("error", **error)])]
    cells.insert(0, nbformat.v4.new_markdown_cell(f"# `{script}`"))
    path = tmp_path / "x.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    export_html(path)
    page = path.with_suffix(".html").read_text(encoding="utf-8")
    assert script not in page
    assert "\x1b" not in page
    assert Page(page).title.strip() == f"`{script}`"
