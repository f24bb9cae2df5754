"""Chapter 08: lines, curves, bands and losses follow what is dragged and every control."""

from __future__ import annotations

import pytest

from metalearn_lab.experiments.task_and_meta_loss import NoisyMeans
from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["08_meta_networks"], indirect=True)


def test_the_lines_follow_a_dragged_point_and_every_control(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("SetToLineExplorer")))
    explorer.drag("point 4", 2.0, -2.0)
    points = [explorer.handle(f"point {i}") for i in range(1, 5)]
    mean = [sum(0.5 * y for _, y in points) / 4, sum(0.5 * y * x for x, y in points) / 4]
    step, ridge = explorer.table()[-2:]
    assert [float(each) for each in step[1:]] == pytest.approx(mean, abs=0.01)
    explorer.toggle("take every point twice")
    assert explorer.table()[-2] == step, "a mean cannot count"
    assert explorer.table()[-1] != ridge, "a sum can"
    seen = [explorer.shown()]
    explorer.slide("inner step size α", "ArrowRight")
    seen.append(explorer.shown())
    explorer.slide("strength λ of ridge", "End")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_curves_follow_a_task_dragged_out_of_the_family(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("TaskPlaneExplorer")))
    explorer.says("inside the range")
    explorer.drag("task", 5.0, 4.0)
    explorer.says("outside of the range")
    phase, amplitude = explorer.handle("task")
    [truth] = explorer.marks("Curve", "the task's curve")
    assert max(y for _, y in truth["places"]) == pytest.approx(amplitude, abs=0.05)
    assert f"A = {amplitude:.2f}, p = {phase:.2f}" in explorer.texts("caption")[0]
    seen = [explorer.shown()]
    explorer.slide("inner step", "End")
    assert all(row[2] == row[3] for row in explorer.table()), "the last step is the last"
    seen.append(explorer.shown())
    explorer.choose_next("drawn thick")
    assert len(explorer.table()) == 2
    explorer.slide("inner step", "Home")
    assert all(row[1] == row[2] for row in explorer.table()), "after 0 steps is as given"
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_bands_follow_the_points(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("BandExplorer")))
    assert [row[0] for row in explorer.table()][-1] == "Gaussian process"
    bands = explorer.marks("Curve")
    explorer.press("Clear")
    explorer.answered()
    assert explorer.marks("Curve") != bands
    explorer.press("An unseen sinusoid: 10 points")
    explorer.answered()
    explorer.toggle("show the sinusoid")
    row = explorer.table()[-1]
    assert float(row[3]) < 0.01, "the process knows the sinusoid"
    explorer.slide("inner steps", "End")
    explorer.slide("read the curves at x", "End")
    assert explorer.table()[-1][4] != row[4]
    chapter.assert_nothing_failed()


def test_the_losses_follow_s_and_the_weights(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("ObjectiveExplorer")))
    tasks = NoisyMeans(1.0, 2.0, 3)
    explorer.drag("s", 1.2, 0.3)
    s, _ = explorer.handle("s")
    task, meta, both = explorer.table()
    assert float(task[1]) == pytest.approx(tasks.task_loss(s), abs=0.01)
    assert float(meta[1]) == pytest.approx(tasks.meta_loss(s), abs=0.01)
    assert float(both[2]) == pytest.approx(tasks.best(1, 1), abs=1e-3)
    explorer.slide("weight a of L_task", "Home")
    assert float(explorer.table()[2][2]) == pytest.approx(tasks.best(0, 1), abs=1e-3)
    explorer.slide("weight b of L_meta", "End")
    explorer.slide("support points K", "End")
    best = tasks._replace(shots=30).best(0, 4)
    assert float(explorer.table()[2][2]) == pytest.approx(best, abs=1e-3)
    chapter.assert_nothing_failed()
