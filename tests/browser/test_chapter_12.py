"""Chapter 12: the desk is asked and taught by typing, the alarm follows its bar and controls."""

from __future__ import annotations

import pytest

from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["12_applications"], indirect=True)


def test_the_desk_learns_what_is_typed(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("DeskExplorer")))
    explorer.says("no intent fits")
    line = explorer.area.get_by_role("textbox", name="your sentence")
    line.fill("play some songs")
    line.press("Enter")
    explorer.says("“play some songs”")
    explorer.press("teach the desk")
    explorer.says("“play some songs”: music")
    explorer.area.get_by_role("textbox", name="new intent").fill("")
    explorer.press("teach the desk")
    explorer.says("Not taught: the name of an intent is empty")
    explorer.area.get_by_role("textbox", name="new intent").fill("travel")
    explorer.area.get_by_role("textbox", name="its sentences").fill("fly to Rome\nbook a flight")
    explorer.area.get_by_role("textbox", name="its reply").fill("Where from?")
    explorer.press("teach the desk")
    line.fill("I want to book a flight to Rome")
    line.press("Enter")
    explorer.says("Where from?")
    explorer.drag("threshold", -0.5, 0.0)
    explorer.says("no intent fits")
    chapter.assert_nothing_failed()


def test_the_alarm_follows_its_bar_and_every_control(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("AlarmExplorer")))
    seen = [explorer.shown()]
    exact = float(explorer.table()[0][1])
    x, _ = explorer.handle("h")
    explorer.drag("h", x, 2.0)
    assert float(explorer.table()[0][1]) > exact
    seen.append(explorer.shown())
    explorer.slide("more negative ones", "End")
    seen.append(explorer.shown())
    explorer.slide("allowance k, in quarters", "ArrowRight")
    seen.append(explorer.shown())
    explorer.choose_next("who reads")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
