"""The exported pages as axe sees them: no serious fault, on a wide screen and on a narrow one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route

from metalearn_lab.sweep.report import write_report
from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.html import export_html
from tests.sweep.fake_sweep import fake_sweep

WIDTHS = (1280, 400)


def faults(browser: Browser, page: Path, width: int) -> list[str]:
    """What axe calls serious or critical on a page that can reach nothing outside its file."""

    def offline(route: Route) -> None:
        route.abort()

    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        context.route("http*://**", offline)
        opened = context.new_page()
        opened.goto(page.as_uri())
        found = Axe().run(opened).response
    assert len(found["passes"]) > 10, "axe has looked at next to nothing"
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:120]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("name", [chapter.name for chapter in CHAPTERS])
def test_an_exported_chapter_has_no_serious_fault(browser, repository, tmp_path, name):
    shutil.copy(repository / "notebooks" / f"{name}.ipynb", tmp_path)
    export_html(tmp_path / f"{name}.ipynb")
    for width in WIDTHS:
        assert faults(browser, tmp_path / f"{name}.html", width) == []


def test_the_report_of_a_sweep_has_no_serious_fault(browser, tmp_path):
    grid = {"shots": [5, 10], "seed": [0, 1, 2]}
    fake_sweep(tmp_path / "s", grid, failed=[1], waiting=[2], diverged=[3], turned=[4])
    write_report(tmp_path / "s")
    for width in WIDTHS:
        assert faults(browser, tmp_path / "s" / "index.html", width) == []


def test_faults_are_found_where_there_are_some(browser, tmp_path):
    page = tmp_path / "bad.html"
    body = '<h1>Bad</h1><img src="data:,"><p style="color:#bbb">faint</p><input>'
    page.write_text(f"<!DOCTYPE html><html><head><title>t</title></head><body>{body}</body></html>")
    found = {each.split(":")[0] for each in faults(browser, page, 1280)}
    assert {"image-alt", "color-contrast", "label", "html-has-lang"} <= found
