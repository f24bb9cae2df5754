"""The exported pages as axe sees them: no serious fault, on a wide screen and on a narrow one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route

from metalearn_lab.sweep.report import write_report
from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.html import export_html, index_page
from metalearn_lab.workbook.record import Record
from tests.sweep.fake_sweep import fake_sweep

WIDTHS = (1280, 400)
RECORDS = [
    Record(
        key="0123456789ab",
        chapter="00_start_here",
        title="Start here",
        parameters={"iterations": 4000, "device": "cpu"},
        changed={},
        status="ok",
        error=None,
        started="2026-11-22T15:00:00+00:00",
        seconds=40.1,
        headlines=[{"text": "The error is 0.70 ± 0.08.", "values": {}, "curves": {}}],
        versions={"python": "3.11.7", "torch": "2.13.0"},
        device="cpu",
        files=["00_start_here.html", "00_start_here.ipynb"],
    ),
    Record(
        key="ba9876543210",
        chapter="06_few_shot_text",
        title="Few-shot text",
        parameters={},
        changed={},
        status="failed",
        error="ValueError: no such source",
        started="2026-11-22T15:01:00+00:00",
        seconds=3.0,
        files=["06_few_shot_text.ipynb"],
    ),
]


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


def test_the_index_of_a_run_has_no_serious_fault(browser, tmp_path):
    (tmp_path / "index.html").write_text(index_page(RECORDS))
    for width in WIDTHS:
        assert faults(browser, tmp_path / "index.html", width) == []


def test_the_report_of_a_sweep_has_no_serious_fault(browser, tmp_path):
    grid = {"shots": [5, 10], "seed": [0, 1, 2]}
    fake_sweep(tmp_path / "s", grid, failed=[1], waiting=[2], diverged=[3])
    write_report(tmp_path / "s")
    for width in WIDTHS:
        assert faults(browser, tmp_path / "s" / "index.html", width) == []


def test_faults_are_found_where_there_are_some(browser, tmp_path):
    page = tmp_path / "bad.html"
    body = '<h1>Bad</h1><img src="data:,"><p style="color:#bbb">faint</p><input>'
    page.write_text(f"<!DOCTYPE html><html><head><title>t</title></head><body>{body}</body></html>")
    found = {each.split(":")[0] for each in faults(browser, page, 1280)}
    assert {"image-alt", "color-contrast", "label", "html-has-lang"} <= found
