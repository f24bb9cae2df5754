"""The two-term objective a L_task + b L_meta in a model where both terms have a closed form.

A task has a mean m of variance V over tasks, and its K support points are m plus noise of variance
N. A generator gives the prediction s·ȳ, with ȳ the mean of the support and one learned number s.
L_task is the expected squared error on the support points, L_meta that on new points of the task.
"""

from __future__ import annotations

from typing import NamedTuple


class NoisyMeans(NamedTuple):
    """The tasks.

    Attributes:
        spread: V, the variance of m over tasks.
        noise: N, the variance of a point around m.
        shots: K, support points.
    """

    spread: float
    noise: float
    shots: int

    @property
    def square_of_mean(self) -> float:
        """E[ȳ²] = V + N/K."""
        return self.spread + self.noise / self.shots

    def task_loss(self, s: float) -> float:
        """L_task(s) = V + N − 2s(V + N/K) + s²(V + N/K), lowest at s = 1."""
        return self.spread + self.noise + (s * s - 2 * s) * self.square_of_mean

    def meta_loss(self, s: float) -> float:
        """L_meta(s) = V + N − 2sV + s²(V + N/K), lowest at s = V/(V + N/K)."""
        return self.spread + self.noise - 2 * s * self.spread + s * s * self.square_of_mean

    def best(self, task_weight: float, meta_weight: float) -> float:
        """The s at which a L_task + b L_meta is lowest: the mean of the two places, by weight.

        Raises:
            ValueError: a weight is negative, or both are 0.
        """
        if min(task_weight, meta_weight) < 0 or task_weight + meta_weight == 0:
            raise ValueError(
                f"the weights must not be negative, nor both 0, got {task_weight} and {meta_weight}"
            )
        return (task_weight + meta_weight * self.spread / self.square_of_mean) / (
            task_weight + meta_weight
        )
