"""Computations take turns, and the median of their times is what is told."""

from functools import partial

import pytest

from metalearn_lab.evaluation import median_time
from metalearn_lab.evaluation.median_time import median_milliseconds


def test_computations_take_turns_and_an_outlier_is_no_matter(monkeypatch):
    now, ran = [0.0], []
    monkeypatch.setattr(median_time.time, "perf_counter", lambda: now[0])

    def work(name, seconds):
        ran.append(name)
        now[0] += seconds * (100 if len(ran) == 3 else 1)  # a busy moment

    found = median_milliseconds({name: partial(work, name, s) for name, s in (("a", 1), ("b", 2))})
    assert ran == ["a", "b"] * 3
    assert found == {"a": 1000, "b": 2000}


def test_warm_computations_run_once_more_without_being_timed(monkeypatch):
    now, ran = [0.0], []
    monkeypatch.setattr(median_time.time, "perf_counter", lambda: now[0])

    def work(name):
        ran.append(name)
        now[0] += 1 if ran[-2:] == [name, name] else 100  # the first one waits for memory

    both = {name: partial(work, name) for name in "ab"}
    assert median_milliseconds(both, rounds=2, warm=True) == {"a": 1000, "b": 1000}
    assert ran == ["a", "a", "b", "b"] * 2


def test_no_round_is_refused():
    with pytest.raises(ValueError, match="rounds must be 1 or more"):
        median_milliseconds({}, rounds=0)
