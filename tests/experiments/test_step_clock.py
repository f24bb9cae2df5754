"""Every way is timed at every number of tasks and steps, but for long loops."""

import pytest

from metalearn_lab.compiled import NotCompilable
from metalearn_lab.experiments import step_clock
from metalearn_lab.experiments.step_clock import time_outer_steps
from metalearn_lab.learners.maml import MAML
from tests.learners.builders import sinusoid_learner, sinusoids


def timed(**changes):
    return time_outer_steps(
        lambda mapping, k: sinusoid_learner(MAML, mapping=mapping, inner_steps=k),
        sinusoids,
        **{"task_counts": (1, 3), "inner_steps": (1, 2), "rounds": 1, "most_looped": 1, **changes},
    )


def test_all_ways_are_timed_but_the_loop_with_many_tasks():
    times = timed()
    assert times.keys() == {(way, k) for way in step_clock.WAYS for k in (1, 2)}
    for (way, _), by_count in times.items():
        assert [*by_count] == ([1] if way == "loop" else [1, 3])
        assert all(ms > 0 for ms in by_count.values())


def test_each_way_steps_its_own_learner_on_a_batch_of_that_size(monkeypatch):
    seen = set()

    class Seen:
        def __init__(self, learner, optimizer, is_compiled):
            self.of = (learner.mapping, learner.inner_steps, is_compiled)

        def step(self, batch):
            seen.add((*self.of, len(batch.query.x)))

    monkeypatch.setattr(step_clock, "OuterStep", Seen)
    timed()
    together = {
        ("vmap", k, compiled, n) for k in (1, 2) for compiled in (False, True) for n in (1, 3)
    }
    assert seen == together | {("loop", k, False, 1) for k in (1, 2)}


def test_without_a_compiler_that_way_is_missing(monkeypatch):
    make = step_clock._outer_step

    def no_compiler(learner, way):
        if way == "compiled":
            monkeypatch.setattr(learner, "forward", refuse)
        return make(learner, "vmap")

    def refuse(*given):
        raise NotCompilable("no C compiler")

    monkeypatch.setattr(step_clock, "_outer_step", no_compiler)
    assert {way for way, _ in timed()} == {"loop", "vmap"}


def test_there_is_no_time_without_a_round():
    with pytest.raises(ValueError, match="rounds"):
        timed(rounds=0)
