"""The 95 % interval of a mean over tasks."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Interval(NamedTuple):
    """A mean over tasks with its 95 % confidence half-width (Student's t).

    Attributes:
        mean: ``[...]``.
        half_width: ``[...]``; the interval is mean ± half_width. It covers the choice of *tasks*,
            not of training seeds.
        tasks: how many tasks it was taken over.
    """

    mean: Tensor
    half_width: Tensor
    tasks: int

    def __str__(self) -> str:
        """The mean and half-width; of several numbers in a row, as along a curve."""
        if self.mean.ndim > 1:
            return f"Interval of shape {tuple(self.mean.shape)} over {self.tasks} tasks"
        pairs = zip(self.mean.reshape(-1), self.half_width.reshape(-1), strict=True)
        numbers = ", ".join(f"{mean:.3f} ± {half:.3f}" for mean, half in pairs)
        return f"{numbers} ({self.tasks} tasks)"


def interval_over_tasks(values: Tensor) -> Interval:
    """Mean over the first axis with its 95 % interval.

    Args:
        values: ``[tasks, ...]``.

    Raises:
        ValueError: fewer than two tasks, which give no interval.
    """
    from scipy.stats import t

    tasks = values.shape[0]
    if tasks < 2:
        raise ValueError(f"an interval over tasks needs 2 tasks or more, got {tasks}")
    quantile = float(t.ppf(0.975, tasks - 1))
    return Interval(values.mean(0), quantile * values.std(0) / tasks**0.5, tasks)
