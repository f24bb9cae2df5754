"""Chapter 03: θ is dragged; sinusoids, the map of step sizes and steps follow every control."""

from __future__ import annotations

import math

import pytest

from metalearn_lab.experiments.two_bowls import Bowls, bowl_path, losses_along
from metalearn_lab.tasks.planar_quadratics import planar_quadratics
from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["03_maml"], indirect=True)

MAP = planar_quadratics(
    [(9, 0.6), (7, 0.5), (1.5, 1.5)], [20, 110, 0], [(-2, -1), (2, 0.4), (0, 2)]
)


def dragged(chapter, name):
    return DragOnPage(**vars(chapter.explorer(name)))


def test_the_balls_follow_the_start_that_is_dragged(chapter):
    explorer = dragged(chapter, "TwoBowlsExplorer")
    explorer.drag("theta", -1.6, 0.0)
    explorer.slide("inner steps k", "ArrowRight")
    theta, _ = explorer.handle("theta")
    assert theta == pytest.approx(-1.6, abs=0.03)
    bowls = Bowls((1.0, 9.0), (-1.0, 1.0), 0.1, 2)
    path = bowl_path(bowls, theta)
    after = [losses_along(bowls, row, 0)[i, -1].item() for i, row in enumerate(path)]
    rows = explorer.table()
    assert [float(row[-1]) for row in rows] == pytest.approx([*after, sum(after) / 2], abs=6e-3)
    places = [mark["places"][0] for mark in explorer.marks("Dot")]
    for row in path:
        for step, place in enumerate(row.tolist()):
            assert any(x == pytest.approx(place, abs=1e-3) for x, _ in places), step
    explorer.slide("inner step size α", "End")
    explorer.says("the inner loop diverges")
    explorer.slide("inner step size α", "Home")
    explorer.says("an inner step does nothing")
    chapter.assert_nothing_failed()


def test_the_map_follows_the_start_that_is_dragged(chapter):
    explorer = dragged(chapter, "MetaLossExplorer")
    explorer.drag("theta", 1.5, -1.0)
    explorer.slide("inner steps k", "ArrowRight")
    theta = MAP.centres.new_tensor(explorer.handle("theta"))
    assert theta.tolist() == pytest.approx([1.5, -1.0], abs=0.05)
    after, before = (float(row[1]) for row in explorer.table())
    assert before == pytest.approx(MAP.loss(theta).item(), abs=6e-3)
    loop = {"inner_lr": 0.1, "inner_steps": 2}
    assert after == pytest.approx(MAP.loss_after(theta, **loop).item(), abs=6e-3)
    places = [mark["places"][0] for mark in explorer.marks("Dot")]
    for end in MAP.adapted(theta, **loop).tolist():
        assert any(place == pytest.approx(end, abs=1e-3) for place in places)
    chapter.assert_nothing_failed()


def test_the_sinusoid_follows_every_control(chapter):
    explorer = chapter.explorer("SinusoidAdaptationExplorer")
    start = explorer.table()
    assert [row[0] for row in start] == ["0", "1"]
    seen = [explorer.picture()]

    explorer.slide("inner steps", "Home")
    assert explorer.table() == start[:1]
    explorer.slide("inner steps", "End")
    assert [row[0] for row in explorer.table()] == ["0", "5"]
    assert explorer.table()[0] == start[0], "what is before adaptation depends on no step"
    seen.append(explorer.picture())

    explorer.slide("points K", "ArrowLeft")
    explorer.choose_next("where the points lie")
    assert "points: 9, right half" in explorer.alt()
    assert explorer.table()[0] == start[0], "nor on the points"
    seen.append(explorer.picture())

    explorer.slide("amplitude A", "End")
    explorer.slide("phase p", "End")
    assert "amplitude 5.0 and phase 6.2" in explorer.alt()
    explorer.says("A phase above π")
    assert explorer.table()[0] != start[0]
    seen.append(explorer.picture())

    explorer.choose_next("learner")
    explorer.says("Mean squared error of pretrain + fine-tune")
    seen.append(explorer.picture())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def loss(cell):
    return math.inf if cell.startswith("above") else float(cell.split()[0])


def test_the_map_follows_learner_rate_and_step(chapter):
    explorer = chapter.explorer("RateStepsExplorer")
    titles = [row[0] for row in explorer.table()]
    assert titles == ["MAML", "pretrain + fine-tune"]
    for _, _, trained, chosen, _ in explorer.table():
        assert chosen == trained
    at_first = explorer.picture()

    explorer.slide("inner steps k", "Home")
    for _, none, _, chosen, _ in explorer.table():
        assert chosen == none, "no step, no change"
    explorer.slide("inner steps k", "End")
    small = [loss(row[3]) for row in explorer.table()]
    assert "k = 20" in explorer.alt()
    explorer.slide("inner step size α", "Home")
    explorer.slide("inner step size α", "End")
    assert "α = 0.1 " in explorer.alt()
    for row in explorer.table():
        assert row[3] != row[2]
    assert small != [loss(row[3]) for row in explorer.table()]
    seen = {at_first, explorer.picture()}

    explorer.choose_next("learner")
    explorer.says("the map is that of pretrain + fine-tune")
    seen.add(explorer.picture())
    assert len(seen) == 3
    chapter.assert_nothing_failed()


def test_both_learners_adapt_to_what_is_drawn(chapter):
    explorer = chapter.explorer("DrawTaskExplorer")
    assert [row[0] for row in explorer.table()] == ["MAML", "pretrain + fine-tune"]
    before = explorer.table()
    explorer.slide("inner steps", "End")
    assert explorer.table() != before
    chapter.assert_nothing_failed()
