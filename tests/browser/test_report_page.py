"""The report of a sweep, opened from a disk: it sorts and filters, and asks nobody for anything."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from metalearn_lab.sweep.report import write_report
from tests.browser.offline import reader
from tests.sweep.fake_sweep import fake_sweep


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep") / "s"
    fake_sweep(folder, {"shots": [5, 10, 20], "seed": [0, 1, 2, 3, 4]}, failed=[1], turned=[4])
    write_report(folder)
    return folder


def seconds_shown(page):
    cells = page.locator("#runs tbody tr td:nth-child(4)").all_inner_texts()
    return [float(text) for text in cells]


def test_a_table_sorts_by_its_numbers_and_filters(browser, folder):
    with reader(browser, folder) as opened:
        opened.open("index.html")
        page = opened.page
        header = page.locator("#runs thead th", has_text="Seconds")
        header.click()
        expect(header).to_have_attribute("aria-sort", "ascending")
        assert seconds_shown(page) == sorted(seconds_shown(page))
        header.click()
        expect(header).to_have_attribute("aria-sort", "descending")
        assert seconds_shown(page) == sorted(seconds_shown(page), reverse=True)
        assert len(seconds_shown(page)) == 15
        page.locator("#runs input[type=search]").fill("shots = 10")
        expect(page.locator("#runs tbody tr")).to_have_count(5)
    assert opened.faults == []


@pytest.mark.parametrize("width", [1366, 400])
def test_it_is_whole_and_begins_with_what_went_wrong(browser, folder, width):
    with reader(browser, folder, width) as opened:
        opened.open("index.html")
        page = opened.page
        expect(page.locator(".tiles .bad")).to_have_count(2)
        headings = page.locator("h2").all_inner_texts()
        assert headings[:3] == ["Failures", "False facts", "Runs"]
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert opened.faults == []
