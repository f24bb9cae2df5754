"""Chapter 18: losses, paths and accuracies follow what is dragged and every control."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from metalearn_lab.comparison.meta_pretraining import SAVED_META_PRETRAINING
from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["18_meta_pretraining"], indirect=True)


def test_the_loss_follows_the_dragged_view_and_every_control(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("ContrastiveExplorer")))

    def values():
        return {row[0]: float(row[1]) for row in explorer.table()}

    explorer.slide("spread of the sentences", "Home")
    collapsed = values()
    assert collapsed["loss of h"] == pytest.approx(collapsed["log N"], abs=1e-3)
    explorer.slide("spread of the sentences", "End")
    explorer.drag("h", -0.9, 0.1)
    far = values()["loss of h"]
    explorer.drag("h", 1.4, 0.5)
    near = values()["loss of h"]
    assert near < far
    seen = [explorer.shown()]
    explorer.slide("temperature τ", "Home")
    assert values()["loss of h"] < near
    seen.append(explorer.shown())
    explorer.slide("sentences N", "End")
    assert values()["log N"] == pytest.approx(math.log(32), abs=1e-3)
    seen.append(explorer.shown())
    explorer.slide("degrees between two views", "Home")
    assert values()["alignment: squared distance of two views"] < 0.01
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_path_follows_both_centres_and_every_control(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("ScheduleExplorer")))
    explorer.says("Forgotten of pretraining")
    one_after_the_other = float(explorer.table()[0][1])
    explorer.slide("steps of a turn", "Home")
    assert float(explorer.table()[0][1]) < one_after_the_other, "in turns less is forgotten"
    seen = [explorer.shown()]
    explorer.drag("pretraining", 1.4, 0.6)
    (x0, y0), (x1, y1) = explorer.handle("pretraining"), explorer.handle("fine_tuning")
    apart = ((x0 - x1) ** 2 + (y0 - y1) ** 2) / 8
    assert float(explorer.table()[0][3]) == pytest.approx(apart, abs=0.02)
    seen.append(explorer.shown())
    explorer.slide("step", "Home")
    assert float(explorer.table()[1][1]) == pytest.approx((x1**2 + y1**2) / 2, abs=0.02)
    seen.append(explorer.shown())
    explorer.slide("step", "End")
    explorer.slide("rate α", "End")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_accuracies_follow_objective_kind_shots_and_episode(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("PretrainingExplorer")))
    table = pd.read_csv(SAVED_META_PRETRAINING)
    means = table[table.mixture.eq("no labels")].groupby(["method", "kind", "shots"])["class means"]

    def shows(method, kind, shots):
        explorer.says(f"{kind}, K = {shots}: per cent right")
        name, mean, _ = explorer.table()[0]
        assert name == method
        expected = means.mean()[method, kind, shots]
        assert float(mean.split(" ± ")[0]) == pytest.approx(expected, abs=0.06)

    shows("hidden words alone", "hidden words", 5)
    seen = [explorer.shown()]
    explorer.slide("examples K of a class", "Home")
    shows("hidden words alone", "hidden words", 1)
    seen.append(explorer.shown())
    explorer.slide("examples K of a class", "End")
    explorer.slide("episode", "End")
    seen.append(explorer.shown())
    explorer.choose_next("objective")
    shows("next sentence alone", "hidden words", 5)
    seen.append(explorer.shown())
    explorer.choose_next("kind of task")
    shows("next sentence alone", "next sentence", 1)
    explorer.says("K = 1 alone")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
