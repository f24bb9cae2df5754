"""Chapter 11: starts and regrets follow the stream, the dial turns, the saved streams play."""

from __future__ import annotations

import pandas as pd
import pytest

from metalearn_lab.comparison.task_streams import SAVED_STREAMS
from metalearn_lab.experiments.elastic_weights import elastic_point, excess
from metalearn_lab.explorers.rotation_dial_explorer import bowls_of
from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["11_streams"], indirect=True)


def test_the_starts_follow_the_stream_and_every_control(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("StreamPlayerExplorer")))

    def last(rule):
        [row] = [row for row in explorer.table() if row[0] == rule]
        return float(row[1])

    explorer.says("After 40 of 200 tasks, as they come, α = 0.00")
    assert last("follow the meta-leader") == last("train on everything"), "there is no inner step"
    explorer.slide("tasks so far", "End")
    explorer.slide("inner step size α", "ArrowRight", times=10)
    seen = [explorer.shown()]
    assert last("follow the meta-leader") < 0 < last("train on everything")
    leader, newest = last("follow the meta-leader"), last("fine-tune the newest")
    explorer.choose_next("order")
    assert last("follow the meta-leader") == leader, "a sum knows no order"
    assert last("fine-tune the newest") != newest
    seen.append(explorer.shown())
    explorer.drag("flat", 0.5, 210.0)
    assert last("follow the meta-leader") > 0
    seen.append(explorer.shown())
    explorer.toggle("all equally steep")
    assert last("follow the meta-leader") == last("train on everything")
    seen.append(explorer.shown())
    explorer.slide("inner step size α", "Home")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_excess_follows_the_dial_and_both_tasks(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("RotationDialExplorer")))
    explorer.says("turned by 0°")
    assert [float(row[3]) for row in explorer.table()] == [0, 0, 0]
    explorer.slide("the first task is turned by (degrees)", "ArrowRight", times=20)
    assert float(explorer.table()[1][3]) == pytest.approx(0.166, abs=1e-3)
    seen = [explorer.shown()]
    explorer.drag("second", -1.0, 1.0)
    explorer.drag("first", 0.5, 1.5)
    places = explorer.handle("first"), explorer.handle("second")
    bowls = bowls_of(20, *places)
    expected = excess(elastic_point(*bowls, diagonal=True), *bowls).item()
    assert float(explorer.table()[1][3]) == pytest.approx(expected, abs=6e-3)
    seen.append(explorer.shown())
    explorer.slide("strength λ", "Home")
    assert float(explorer.table()[0][2]) == 0, "without a tie the second task is solved"
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_errors_follow_stream_order_training_and_tasks(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("SavedStreamExplorer")))
    along = pd.read_csv(SAVED_STREAMS / "along.csv")

    def shows(stream, order, training, tasks):
        explorer.says(f"{stream}, {order}, training {training}: error after {tasks} tasks")
        method, so_far, _ = explorer.table()[0]
        own = along[along.stream.eq(stream) & along.order.eq(order) & along.method.eq(method)]
        own = own[own.seed.eq(training - 1) & own.tasks.le(tasks)]
        assert float(so_far) == pytest.approx(own.error.mean(), abs=2e-3)

    shows("intents", "shuffled", 1, 50)
    seen = [explorer.shown()]
    explorer.slide("tasks so far", "End")
    shows("intents", "shuffled", 1, 200)
    seen.append(explorer.shown())
    explorer.choose_next("order", "ArrowUp")
    explorer.slide("training", "End")
    shows("intents", "drift", 5, 200)
    seen.append(explorer.shown())
    explorer.choose_next("stream", "ArrowUp")
    shows("sinusoids", "drift", 5, 200)
    seen.append(explorer.shown())
    explorer.choose_next("drawn thick")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
