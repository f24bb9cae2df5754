"""The web site of the workbook, opened from a disk in a browser that can reach nothing else."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.offline import reader

CHAPTER = "06_few_shot_text.html"


@pytest.mark.parametrize(("name", "width"), [("index.html", 1280), (CHAPTER, 400)])
def test_a_page_is_whole_and_has_no_serious_fault(browser, site, name, width):
    with reader(browser, site, width) as opened:
        opened.open(name)
        page = opened.page
        if name == CHAPTER:
            formula = page.locator("math").first
            expect(formula).to_be_visible()
            assert formula.bounding_box()["height"] > 5
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.faults == []
        found = Axe().run(page).response  # it fetches the styles, which a browser forbids here
    serious = [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    assert serious == []
    assert len(found["passes"]) > 10, "axe has looked at next to nothing"


def test_the_search_leads_to_a_chapter(browser, site):
    with reader(browser, site) as opened:
        opened.open("index.html")
        box = opened.page.get_by_role("textbox", name="Search")
        box.fill("Reptile")
        box.press("Enter")
        for page in ("The package from Python", "04 First-order MAML and Reptile"):
            expect(opened.page.locator("#search-results")).to_contain_text(page)
        opened.page.locator("#search-results a", has_text="04 First-order").first.click()
        expect(opened.page.locator("h1")).to_contain_text("04 First-order MAML and Reptile")
    assert opened.faults == []


def test_the_pages_have_no_answers_and_the_next_chapter_follows(browser, site):
    with reader(browser, site) as opened:
        opened.open("03_maml.html")
        expect(opened.page.locator("summary", has_text="Answer")).to_have_count(0)
        folded = opened.page.locator("details", has_text="google.colab")
        expect(folded.locator("pre")).to_be_hidden()
        opened.page.locator("a.next-page").click()
        expect(opened.page.locator("h1")).to_contain_text("04 ")
    assert opened.faults == []


@pytest.mark.parametrize("width", [1280, 1366, 1440])
@pytest.mark.parametrize("name", ["05_adaptation_lab.html", "python_api.html"])
def test_on_a_laptop_nothing_is_clipped(browser, site, width, name):
    with reader(browser, site, width) as opened:
        opened.open(name)
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        for part in opened.page.locator("main, .sidebar-drawer, .toc-drawer").all():
            box = part.bounding_box()
            if box is not None and box["x"] < width:  # one that opens on demand waits outside
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= width
        outside = opened.page.evaluate(
            """[...document.querySelectorAll("main table, main pre, main img")].filter(part => {
                 const edge = part.closest("[tabindex], pre, .output, .table-wrapper") ?? part;
                 return edge.getBoundingClientRect().right > innerWidth;
               }).length"""
        )
        assert outside == 0
    assert opened.faults == []


def test_faults_are_found_where_there_are_some(browser, tmp_path):
    (tmp_path / "index.html").write_text(
        '<!DOCTYPE html><html><img src="https://example.org/x.png"><script>none()</script></html>'
    )
    with reader(browser, tmp_path) as opened:
        opened.open("index.html")
    assert "asks for https://example.org/x.png" in opened.faults
    assert any("none is not defined" in fault for fault in opened.faults)
