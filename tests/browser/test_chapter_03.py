"""Chapter 03: bowls, sinusoids and the map of rates and steps follow every control."""

from __future__ import annotations

import math

import pytest

from metalearn_lab.tasks.quadratics import stationary_point

pytestmark = pytest.mark.parametrize("chapter", ["03_maml"], indirect=True)

ALGORITHMS = ("joint", "maml", "first_order_maml", "reptile")


def assert_places(explorer, curvatures, centres, alpha, k):
    """The table says where the closed form puts each algorithm that settles."""
    loop = {"inner_lr": alpha, "inner_steps": k}
    for name, row in zip(ALGORITHMS, explorer.table(), strict=True):
        exact = stationary_point(name, curvatures, centres, **loop)
        assert float(row[3]) == pytest.approx(exact, abs=6e-5), row


def test_the_four_algorithms_go_where_the_closed_form_puts_them(chapter):
    explorer = chapter.explorer("TwoBowlsExplorer")
    pictures = {explorer.picture()}
    assert_places(explorer, (1.0, 9.0), (-1.0, 1.0), 0.1, 2)
    explorer.slide("curvature a₁", "ArrowRight")
    assert_places(explorer, (1.5, 9.0), (-1.0, 1.0), 0.1, 2)
    pictures.add(explorer.picture())
    explorer.slide("curvature a₂", "ArrowLeft", times=2)
    assert_places(explorer, (1.5, 8.0), (-1.0, 1.0), 0.1, 2)
    pictures.add(explorer.picture())
    explorer.slide("centre c₁", "Home")
    assert_places(explorer, (1.5, 8.0), (-2.0, 1.0), 0.1, 2)
    pictures.add(explorer.picture())
    explorer.slide("centre c₂", "End")
    assert_places(explorer, (1.5, 8.0), (-2.0, 2.0), 0.1, 2)
    pictures.add(explorer.picture())
    explorer.slide("inner rate α", "ArrowLeft")
    assert_places(explorer, (1.5, 8.0), (-2.0, 2.0), 0.09, 2)
    pictures.add(explorer.picture())
    explorer.slide("inner steps k", "ArrowRight")
    assert_places(explorer, (1.5, 8.0), (-2.0, 2.0), 0.09, 3)
    pictures.add(explorer.picture())
    assert len(pictures) == 7

    explorer.slide("inner rate α", "End")
    explorer.says("the inner loop diverges")
    explorer.slide("inner rate α", "Home")
    explorer.says("an inner step does nothing")
    assert explorer.table()[3][3] == "never moves"
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
    explorer.slide("inner rate α", "Home")
    explorer.slide("inner rate α", "End")
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
