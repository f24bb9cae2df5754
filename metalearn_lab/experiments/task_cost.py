"""What a batch of tasks costs: something for each call, and something for each task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple


class TaskCost(NamedTuple):
    """The model T(n) = o + n·w of n tasks in one call; one by one they take n·(o + w).

    Attributes:
        overhead: o, milliseconds of a call whatever it holds: Python, and starting each operation.
        work: w, milliseconds of a task.
    """

    overhead: float
    work: float

    def together(self, tasks: float) -> float:
        """Milliseconds of all tasks in one call."""
        return self.overhead + tasks * self.work

    def speed_up(self, tasks: float) -> float:
        """How many times as fast one call for all is as a call for each; at most 1 + o/w."""
        return tasks * self.together(1) / self.together(tasks)

    @property
    def half_way(self) -> float:
        """The number of tasks at which half of the largest speed-up is reached, o/w.

        From there on the tasks themselves take more than starting does.
        """
        return self.overhead / self.work if self.work else math.inf


def fit_task_cost(milliseconds: Mapping[int, float]) -> TaskCost:
    """Find o and w by least squares of the relative errors, neither below 0.

    Relative, so that a few milliseconds at one task count as much as many at a thousand.

    Args:
        milliseconds: of one call, by the number of its tasks.

    Raises:
        ValueError: fewer than two numbers of tasks, or a time that is no positive number.
    """
    import numpy as np
    from scipy.optimize import nnls

    positive = all(0 < time < math.inf for time in milliseconds.values())
    if len(milliseconds) < 2 or not positive:
        raise ValueError(
            f"o and w take positive times at two numbers of tasks or more, got {dict(milliseconds)}"
        )
    rows = np.array([[1 / ms, tasks / ms] for tasks, ms in milliseconds.items()])
    (overhead, work), _ = nnls(rows, np.ones(len(rows)))
    return TaskCost(float(overhead), float(work))
