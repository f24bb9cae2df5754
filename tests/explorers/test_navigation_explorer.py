"""The goal is dragged and every control moves: rewards and paths are computed apart."""

import re

import pytest
import torch

from metalearn_lab.experiments.navigation import (
    for_each_goal,
    inner_step,
    reward_without_noise,
    start_policy,
    walk,
)
from metalearn_lab.explorers.navigation_explorer import MOST_STEPS, NavigationExplorer
from metalearn_lab.figures.drawing import Curve

STARTS = {"first": start_policy(0), "second": start_policy(1)}


def rewards(explorer):
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return {name: float(value) for name, value in cells}


@pytest.mark.parametrize(
    ("start", "rate", "goal"), [("first", 1.0, (0.4, -0.1)), ("second", 10.0, (-0.3, -0.4))]
)
def test_rewards_are_those_of_inner_steps(start, rate, goal):
    explorer = NavigationExplorer(STARTS, "first")
    explorer.controls["start"].value = start
    explorer.controls["inner_lr"].value = rate
    explorer.controls["steps"].value = MOST_STEPS
    explorer.move("goal", goal)
    place = torch.tensor([goal])
    policy, expected = for_each_goal(STARTS[start], 1), []
    for noise in [*explorer.noises, None]:
        expected.append(reward_without_noise(policy, place).item())
        if noise is not None:
            policy = inner_step(policy, walk(policy, place, noise), rate)
    shown = rewards(explorer)
    assert [shown[str(k)] for k in range(MOST_STEPS + 1)] == pytest.approx(expected, abs=6e-4)
    assert shown["stand still"] == pytest.approx(-place.norm().item(), abs=6e-4)
    assert max(expected) < shown["see the goal"] + 6e-4
    (curve,) = [
        m
        for m in explorer.drawing.marks
        if isinstance(m, Curve) and m.label == f"after {MOST_STEPS} steps"
    ]
    assert (curve.x[0].item(), curve.y[0].item()) == (0.0, 0.0)


def test_without_a_step_the_path_does_not_depend_on_the_goal():
    explorer = NavigationExplorer(STARTS, "first", steps=0)
    paths = []
    for goal in ((0.4, 0.4), (-0.4, 0.1)):
        explorer.move("goal", goal)
        paths.append([m.x for m in explorer.drawing.marks if getattr(m, "label", "") == "before"])
        assert not [m for m in explorer.drawing.marks if "after" in getattr(m, "label", "")]
        assert rewards(explorer).keys() == {"0", "stand still", "see the goal"}
    assert torch.equal(paths[0][0], paths[1][0])
