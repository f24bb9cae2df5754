"""Chapter 00: a dragged start draws the steps of both bowls; the sinusoid follows the task."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.drag import DragOnPage
from tests.browser.explorer import PATIENCE

pytestmark = pytest.mark.parametrize("chapter", ["00_start_here"], indirect=True)


def test_a_dragged_start_draws_where_each_bowl_steps_to_and_the_loss_after(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("TwoBowlsExplorer")))
    explorer.canvas.scroll_into_view_if_needed()
    explorer.answered()
    for target in (1.5, -0.8):
        explorer.drag("theta", target, -1.2)
        theta, _ = explorer.handle("theta")
        assert theta == pytest.approx(target, abs=0.03)
        after = []
        for curvature, centre in ((1.0, -1.0), (9.0, 1.0)):
            step = theta - 0.1 * curvature * (theta - centre)
            after.append(curvature / 2 * (step - centre) ** 2)
            ends = [arrow["places"][1] for arrow in explorer.marks("Arrow")]
            assert pytest.approx([step, after[-1]], abs=1e-6) in ends
        [curve] = explorer.marks("Curve", "mean loss after the steps")
        drawn = dict(tuple(place) for place in curve["places"])
        assert min(drawn) == pytest.approx(min(theta, 0), abs=1e-6)
        assert drawn[min(drawn, key=lambda x: abs(x - theta))] == pytest.approx(sum(after) / 2)
    explorer.notebook.page.mouse.move(0, 0)  # or a handle under it would be ringed in later tests
    explorer.says(re.compile(r"Lowest place of the blue curve so far: 0\.08, at θ = -0\.\d\d"))
    chapter.assert_nothing_failed()


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
