"""The web site of the workbook, opened from a disk in a browser that can reach nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import ACTION_MILLISECONDS

CHAPTER = "06_few_shot_text.html"


@dataclass
class Reader:
    """A page of the site, and what went wrong on it: complaints, and calls to other hosts."""

    page: Page
    site: Path
    faults: list[str] = field(default_factory=list)

    def open(self, name: str) -> None:
        self.page.goto((self.site / name).as_uri())


@contextmanager
def reader(browser: Browser, site: Path, width: int = 1280) -> Iterator[Reader]:
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        context.set_default_timeout(ACTION_MILLISECONDS)
        opened = Reader(context.new_page(), site)

        def stay_here(route):
            if route.request.url.startswith((site.as_uri(), "data:")):
                route.continue_()
            else:
                opened.faults.append(f"asks for {route.request.url}")
                route.abort()

        context.route("**/*", stay_here)
        opened.page.on(
            "console",
            lambda said: opened.faults.append(said.text) if said.type == "error" else None,
        )
        opened.page.on("pageerror", lambda error: opened.faults.append(str(error)))
        yield opened


@pytest.mark.parametrize(("name", "width"), [("index.html", 1280), (CHAPTER, 400)])
def test_a_page_is_whole_and_has_no_serious_fault(browser, site, name, width):
    with reader(browser, site, width) as opened:
        opened.open(name)
        page = opened.page
        if name == CHAPTER:
            formula = page.locator("mjx-container").first
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


def test_an_answer_unfolds_and_the_next_chapter_follows(browser, site):
    with reader(browser, site) as opened:
        opened.open("03_maml.html")
        answer = opened.page.locator("details").first
        expect(answer.locator("pre")).to_be_hidden()
        answer.locator("summary").press("Enter")
        expect(answer.locator("pre")).to_be_visible()
        opened.page.locator("a.next-page").click()
        expect(opened.page.locator("h1")).to_contain_text("04 ")
    assert opened.faults == []


def test_faults_are_found_where_there_are_some(browser, tmp_path):
    (tmp_path / "index.html").write_text(
        '<!DOCTYPE html><html><img src="https://example.org/x.png"><script>none()</script></html>'
    )
    with reader(browser, tmp_path) as opened:
        opened.open("index.html")
    assert "asks for https://example.org/x.png" in opened.faults
    assert any("none is not defined" in fault for fault in opened.faults)
