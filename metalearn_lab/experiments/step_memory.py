"""How the memory of a meta-gradient grows with inner steps and tasks, and what fits a budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class StepMemory(NamedTuple):
    """The model M(n, k) = b + n·(t + k·g) of n tasks at once and k inner steps, in bytes.

    Attributes:
        fixed: b, whatever the tasks are, such as the meta-gradient itself.
        task: t, of each task at once, such as its query loss.
        step: g, of each inner step of each task.
    """

    fixed: float
    task: float
    step: float

    def bytes(self, tasks: int, steps: int) -> float:
        """At the peak of one meta-gradient."""
        return self.fixed + tasks * (self.task + steps * self.step)

    def most_steps(self, budget: float, tasks: int) -> int:
        """The largest k for which ``tasks`` tasks at once fit into a budget of bytes, or 0."""
        return _whole((budget - self.fixed - tasks * self.task) / (tasks * self.step))

    def most_tasks(self, budget: float, steps: int) -> int:
        """The most tasks at once that fit with ``steps`` inner steps, or 0."""
        return _whole((budget - self.fixed) / (self.task + steps * self.step))


def fit_step_memory(measured: Mapping[tuple[int, int], float]) -> StepMemory:
    """b, t and g by least squares.

    Args:
        measured: bytes at the peak by (tasks at once, inner steps): two numbers of tasks or more,
            and two numbers of steps.

    Raises:
        ValueError: the measurements are not finite, or do not determine the three.
    """
    import numpy as np

    if not np.isfinite([*measured.values()]).all():
        raise ValueError(f"measurements must be finite, got {dict(measured)}")
    rows = np.array([[1, tasks, tasks * steps] for tasks, steps in measured], dtype=float)
    (fixed, task, step), _, rank, _ = np.linalg.lstsq(rows, np.array([*measured.values()]))
    if rank < 3:
        raise ValueError(
            "measure at two numbers of tasks and two of steps or more, got (tasks, steps) "
            f"{sorted(measured)}"
        )
    return StepMemory(float(fixed), float(task), float(step))


def _whole(count: float) -> int:
    return max(int(count + 1e-9), 0)
