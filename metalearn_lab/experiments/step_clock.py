"""How long an outer step takes: a loop over the tasks, all at once by vmap, or compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import torch

from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.evaluation.median_time import median_milliseconds
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task
from metalearn_lab.training.outer_step import OuterStep

WAYS = ("loop", "vmap", "compiled")

StepTimes = Mapping[tuple[str, int], Mapping[int, float]]
"""Milliseconds of an outer step by way and inner steps k, then by the number of its tasks."""


def time_outer_steps(
    learner_of: Callable[[str, int], Learner],
    tasks_of: Callable[[int], Task],
    *,
    task_counts: Sequence[int],
    inner_steps: Iterable[int],
    rounds: int = 5,
    most_looped: int = 64,
) -> StepTimes:
    """Time outer steps with Adam, all in turns; without a C compiler the compiled way is missing.

    Args:
        learner_of: makes a learner from its mapping, ``"loop"`` or ``"vmap"``, and k.
        tasks_of: gives a batch of so many tasks.
        task_counts: the numbers of tasks in a batch, n.
        inner_steps: the values of k.
        rounds: how often each step is timed; the median counts.
        most_looped: the loop is not timed with more tasks, for it takes long.
    """
    batches = {n: tasks_of(n) for n in task_counts}
    steps: dict[tuple[str, int, int], Callable[[], object]] = {}
    for way in WAYS:
        for k in inner_steps:
            learner = learner_of("loop" if way == "loop" else "vmap", k)
            outer = _outer_step(learner, way)
            for n, batch in batches.items():
                if way == "loop" and n > most_looped:
                    continue
                if batch.support.x.is_cuda:  # a recording on a GPU is for one number of tasks
                    outer = _outer_step(learner, way)
                steps[way, k, n] = partial(outer.step, batch)
    for (way, k, n), step in list(steps.items()):
        try:
            step()  # the first one takes longer, or shows that there is no compiler
        except NotCompilable:
            del steps[way, k, n]
    times: dict[tuple[str, int], dict[int, float]] = {}
    for (way, k, n), milliseconds in median_milliseconds(steps, rounds=rounds, warm=True).items():
        times.setdefault((way, k), {})[n] = milliseconds
    return times


def _outer_step(learner: Learner, way: str) -> OuterStep:
    return OuterStep(learner, torch.optim.Adam(learner.parameters()), way == "compiled")
