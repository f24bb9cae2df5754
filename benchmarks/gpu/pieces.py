"""The workloads at the size of a card: the same problems with more tasks, on the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from benchmarks.problem import Problem
from benchmarks.workloads import w1, w2, w3, w4, w5
from benchmarks.workloads.pools import pool
from benchmarks.workloads.sinusoids import SINUSOIDS
from metalearn_lab.tasks.types import Task, to_device

TASKS = {"W1": 16384, "W2": 8192, "W3": 128, "W4": 512, "W5": 64}
SMOKE_TASKS = 2
POOL = 2


def problem_of(name: str, tasks: int) -> Problem:
    """A workload's problem with so many tasks in a batch."""
    sinusoids = lambda i: SINUSOIDS.batch((i % POOL) * tasks, tasks)  # noqa: E731
    return {
        "W1": lambda: replace(w1.PROBLEM, batch=sinusoids, data="pool"),
        "W2": lambda: replace(w2.PROBLEM, batch=sinusoids, data="pool"),
        "W3": lambda: replace(w3.PROBLEMS[0], batch=pool(w3.images, tasks=tasks, shots=1)),
        "W4": lambda: replace(w4.PROBLEM, batch=pool(w4.sentence_features, tasks=tasks, shots=5)),
        "W5": lambda: replace(w5.PROBLEM, batch=pool(w5.texts, tasks=tasks, shots=5)),
    }[name]()


def on_device(problem: Problem, device: str) -> Problem:
    """The problem with its network and a pool of its batches on the device."""
    batches: dict[int, Task] = {}

    def batch(iteration: int) -> Task:
        number = iteration % POOL
        if number not in batches:
            batches[number] = to_device(problem.batch(number), device)
        return batches[number]

    plain = problem.peer_model
    return replace(
        problem,
        batch=batch,
        model=partial(moved, problem.model, device),
        peer_model=partial(moved, plain, device) if plain else None,
    )


def moved(make: Callable, device: str) -> object:
    """A network on the device."""
    return make().to(device)
