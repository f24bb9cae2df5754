"""Chapter 15: lines, slots and staircases follow what is dragged and every control."""

from __future__ import annotations

import pytest
import torch

from metalearn_lab.experiments.sinusoid_posterior import sinusoid_posterior
from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["15_in_context"], indirect=True)


def test_the_slots_follow_points_question_and_controls(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("AttentionStepExplorer")))
    explorer.drag("point 4", 2.0, -2.0)
    points = [explorer.handle(f"point {i}") for i in range(1, 5)]
    question, _ = explorer.handle("question")
    slope = 0.3 * sum(x * y for x, y in points) / 4
    [asked] = explorer.marks("Curve", "question")
    assert asked["places"][-1][1] == pytest.approx(-slope * question, abs=0.02)
    assert float(explorer.table()[-1][3]) == pytest.approx(-slope * question, abs=0.02)
    explorer.drag("question", -1.0, 0.0)
    question, _ = explorer.handle("question")
    assert float(explorer.table()[-2][2]) == pytest.approx(slope * question, abs=0.02)
    seen = [explorer.shown()]
    explorer.slide("layers L", "End")
    [asked] = explorer.marks("Curve", "question")
    assert len(asked["places"]) == 9
    seen.append(explorer.shown())
    explorer.slide("inner step size α", "Home")
    assert float(explorer.table()[-1][3]) == 0, "without a step nothing is learned"
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_rules_follow_points_and_the_number_of_tasks(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("TaskPoolExplorer")))
    explorer.drag("point 6", 2.0, -3.0)
    points = [explorer.handle(f"point {i}") for i in range(1, 7)]
    ridge = sum(x * y for x, y in points) / (sum(x * x for x, _ in points) + 1)
    assert float(explorer.table()[2][1]) == pytest.approx(ridge, abs=0.02)
    explorer.slide("tasks M in training", "Home")
    [network] = [mark["places"] for mark in explorer.marks("Curve", "network, M = 1")[1:]]
    heights = [y for _, y in network]
    assert max(heights) - min(heights) < 0.1, "one known task: the points do not count"
    explorer.slide("tasks M in training", "End")
    network, _, ridge = explorer.table()
    assert float(network[1]) == pytest.approx(float(ridge[1]), abs=0.15)
    chapter.assert_nothing_failed()


def test_the_bands_follow_the_points(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("LineBandExplorer")))
    before = explorer.marks("Curve", "exact posterior")
    explorer.drag("point 4", 2.0, -3.0)
    assert explorer.marks("Curve", "exact posterior") != before
    seen = [explorer.table()]
    explorer.slide("read the bands at x", "End")
    seen.append(explorer.table())
    assert seen[0] != seen[1]
    points = [explorer.handle(f"point {i}") for i in range(1, 5)]
    xx, xy = (sum(x * each for x, each in pairs) for pairs in ([(x, x) for x, _ in points], points))
    sums = sum(x for x, _ in points), sum(y for _, y in points)
    (a, b, d) = 4 + 0.09, sums[0], xx + 0.09  # ridge regression with λ = σ²
    intercept, slope = (
        (d * sums[1] - b * xy) / (a * d - b * b),
        (a * xy - b * sums[1]) / (a * d - b * b),
    )
    assert float(explorer.table()[1][1]) == pytest.approx(intercept + 6 * slope, abs=0.05)
    chapter.assert_nothing_failed()


def test_the_sinusoids_follow_the_points(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("BandExplorer")))
    names = [row[0] for row in explorer.table()]
    assert names == ["prior-fitted network", "hypernetwork", "MAML", "exact posterior"]
    explorer.press("Clear")
    explorer.answered()
    explorer.press("An unseen sinusoid: 5 points")
    explorer.answered()
    points = [explorer.handle(f"point {i}") for i in range(1, 6)]
    x, y = torch.tensor(points).T
    explorer.slide("read the curves at x", "End")
    mean, width = sinusoid_posterior(x, y, torch.tensor([5.0]), 0.1)
    assert float(explorer.table()[-1][4].replace("−", "-")) == pytest.approx(mean.item(), abs=0.02)
    [low, high] = explorer.marks("Curve", "exact posterior: 95 % band")
    ends = [mark["places"][-1][1] for mark in (low, high)]
    assert (ends[1] - ends[0]) / 2 == pytest.approx(1.96 * width.item(), abs=0.02)
    before = explorer.table()
    explorer.slide("inner steps", "Home")
    after = explorer.table()
    assert after[0] == before[0], "the context takes no steps"
    assert after[2] != before[2]
    explorer.drag("point 3", points[2][0], -5.0)
    assert explorer.table()[0] != after[0]
    explorer.toggle("show the sinusoid")
    chapter.assert_nothing_failed()
