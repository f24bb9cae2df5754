"""How the cost of a step grows with tasks and with inner steps, on W2's network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.compare import quartiles
from benchmarks.figures import draw_scaling
from benchmarks.machine import machine
from benchmarks.problem import Problem
from benchmarks.running import ours
from benchmarks.timing import Contestant, first_call, intra_op_threads, take_turns
from benchmarks.workloads.sinusoids import SINUSOIDS
from benchmarks.workloads.w2 import PROBLEM
from metalearn_lab.comparison.benchmark_tables import TABLES
from metalearn_lab.tasks.types import Task

TASKS = (1, 3, 10, 30, 100, 300, 1000)
STEPS = (1, 2, 5, 10, 20, 50)


def measure_scaling(say: Callable[[str], object], budget: float = 30.0) -> dict[str, float]:
    """Write scaling.csv and scaling.png; the slopes in log-log, 1 being linear growth."""
    problems = {("tasks", size): with_tasks(size) for size in TASKS}
    problems |= {("inner steps", size): replace(PROBLEM, inner_steps=size) for size in STEPS}
    with intra_op_threads(1):
        contestants = {key: entered(problem, say) for key, problem in problems.items()}
        take_turns(list(contestants.values()), budget)
    rows = [
        {"axis": axis, "size": size}
        | quartiles("ms", contestant.milliseconds)
        | {"first_call_s": contestant.first_call}
        | machine()
        for (axis, size), contestant in contestants.items()
    ]
    table = pd.DataFrame(rows)
    table.to_csv(TABLES / "scaling.csv", index=False, float_format="%.4g")
    slopes = {axis: slope(table[table["axis"] == axis]) for axis in ("tasks", "inner steps")}
    draw_scaling(table, slopes)
    say(f"scaling: slopes {slopes}")
    return slopes


def entered(problem: Problem, say: Callable[[str], object]) -> Contestant:
    """Our compiled step on a problem."""
    say(f"scaling: {problem.name}, {problem.inner_steps} steps")
    variant = ours(problem, compiled=True)
    running, seconds = first_call(variant)
    return Contestant(variant, running, seconds)


def with_tasks(count: int) -> Problem:
    """W2 with another number of tasks."""
    return replace(PROBLEM, name=f"W2, {count} tasks", batch=partial(batch, count))


def batch(count: int, iteration: int) -> Task:
    """The meta-batch of an iteration, of so many tasks."""
    return SINUSOIDS.batch(iteration * count, count)


def slope(rows: pd.DataFrame) -> float:
    """Of log ms against log size, over the upper half of the sizes."""
    upper = rows.nlargest(len(rows) // 2 + 1, "size")
    return float(np.polyfit(np.log(upper["size"]), np.log(upper["ms"]), 1)[0])
