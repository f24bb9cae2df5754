"""Chapter 20: paths and rewards follow the dragged goal and every control."""

from __future__ import annotations

import pytest

from metalearn_lab.tasks.navigation import CEILING
from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["20_meta_rl"], indirect=True)


def test_rewards_follow_the_goal_and_every_control(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("NavigationExplorer")))

    def rewards():
        return {row[0]: float(row[1]) for row in explorer.table()}

    explorer.says("meta-trained, α = 1: reward per step")
    assert rewards().keys() == {"0", "stand still", "see the goal"}, "the answer is not shown yet"
    explorer.slide("inner steps", "ArrowRight")
    assert rewards()["1"] > CEILING + 0.1
    explorer.drag("goal", -0.4, 0.3)
    x, y = explorer.handle("goal")
    moved = rewards()
    assert moved["stand still"] == pytest.approx(-((x**2 + y**2) ** 0.5), abs=2e-3)
    assert moved["0"] < moved["1"] < moved["see the goal"]
    seen = [explorer.shown()]
    explorer.slide("inner steps", "Home")
    seen.append(explorer.shown())
    explorer.slide("inner steps", "End")
    seen.append(explorer.shown())
    explorer.slide("inner step size α", "Home")
    slow = rewards()
    assert slow["1"] - slow["0"] < moved["1"] - moved["0"], "a small α moves little"
    seen.append(explorer.shown())
    explorer.choose_next("start")
    explorer.says("trained jointly, α = 0.01")
    joint = rewards()
    assert joint["0"] == pytest.approx(joint["stand still"], abs=0.1)
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
