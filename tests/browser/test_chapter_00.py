"""Chapter 00: the sinusoid explorer follows the task and the step."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.explorer import PATIENCE

pytestmark = pytest.mark.parametrize("chapter", ["00_start_here"], indirect=True)


def test_the_sinusoid_follows_the_task_and_the_step(chapter):
    explorer = chapter.explorer("SinusoidExplorer")
    seen = []

    def now_shows(text: str) -> None:
        picture = explorer.area.locator("img")
        expect(picture).to_have_attribute("alt", re.compile(text), timeout=PATIENCE * 1000)
        seen.append((explorer.alt(), explorer.picture()))

    now_shows(r"sinusoid 0 .* after 1 inner step\.")
    explorer.slide("inner step", "Home")
    now_shows(r"sinusoid 0 .* after 0 inner steps\.")
    explorer.slide("inner step", "End")
    now_shows(r"sinusoid 0 .* after 4 inner steps\.")
    explorer.slide("task", "ArrowRight")
    now_shows(r"sinusoid 1 .* after 4 inner steps\.")
    explorer.slide("task", "End")
    now_shows(r"sinusoid 7 .* after 4 inner steps\.")
    assert all(len(set(column)) == len(seen) for column in zip(*seen, strict=True))
    explorer.slide("task", "Home")
    now_shows(r"sinusoid 0 .* after 4 inner steps\.")
    assert seen[-1] == seen[2]
    chapter.assert_nothing_failed()
