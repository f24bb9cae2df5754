"""Does a generator of adapters listen? Give it another task's support, and see what that costs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.learners.closed_form import class_columns
from metalearn_lab.learners.hyper_lora import HyperLoRA
from metalearn_lab.learners.learner import TaskSource
from metalearn_lab.running.mapping import over_tasks
from metalearn_lab.running.per_task import Weights
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task


@dataclass(frozen=True)
class Listening:
    """Accuracy on the same episodes, where only the support that the generator reads differs.

    The prototypes are those of the task's own support in each.

    Attributes:
        own: its own support, ``[tasks]``, on the CPU.
        shuffled: that of the next task.
    """

    own: Tensor
    shuffled: Tensor

    @property
    def cost_of_shuffling(self) -> Interval:
        """Own less shuffled, in points, with its 95 % interval over tasks."""
        return interval_over_tasks(100 * (self.own - self.shuffled))


@torch.no_grad()
def listening(learner: HyperLoRA, tasks: Task) -> Listening:
    """Adapt to every task by its own support, then with the adapter of another's.

    Args:
        learner: trained.
        tasks: unseen, two or more; each reads the support of the one after it.

    Raises:
        ValueError: one task alone has no other to read.
    """
    if len(tasks.query.y) < 2:
        raise ValueError("shuffling the supports takes 2 tasks or more, got 1")

    def adapted(x: Tensor, y: Tensor, reads: Tensor) -> Weights:
        classes = class_columns(y, learner.ways, x)
        theta = learner.with_adapters(learner.weights(), reads, classes)
        return {**theta, learner.solution_name: learner.solution(learner.call(theta, x), classes)}

    x, y = tasks.support
    over = over_tasks(adapted, learner.mapping)
    scores = [learner.predict(over(x, y, reads), tasks.query.x) for reads in (x, x.roll(-1, 0))]
    return Listening(*((s.argmax(-1) == tasks.query.y).float().mean(1).cpu() for s in scores))


@dataclass(frozen=True)
class DisturbedEpisodes:
    """Episodes in which one direction of the vectors is noise, another direction in each task.

    Every vector x of a task becomes x + s ε u, with u one of a few orthonormal directions, the same
    for the whole task, and ε a standard normal number of its own. Whoever knows u can take it out:
    (I − u uᵀ) has rank 1 beside the identity. One adapter for all tasks must take all of them out.

    Args:
        source: gives episodes by their numbers.
        directions: how many there are.
        scale: s.
        seed: of the directions, and of which task has which.
    """

    source: TaskSource
    directions: int = 8
    scale: float = 1.0
    seed: int = 0

    def batch(self, first: int, count: int) -> Task:
        """Episodes ``first``, …, ``first + count − 1``, disturbed."""
        tasks = self.source.batch(first, count)
        return Task(*(Split(self._disturbed(s.x, first, i), s.y) for i, s in enumerate(tasks)))

    def of(self, index: int) -> int:
        """Which direction is noise in a task."""
        numbers = generator("disturbed", self.seed, index)
        return int(torch.randint(self.directions, (), generator=numbers))

    def matrix(self, dim: int) -> Tensor:
        """The directions, orthonormal rows, ``[directions, dim]``."""
        drawn = torch.randn(dim, self.directions, generator=generator("directions", self.seed))
        directions: Tensor = torch.linalg.qr(drawn).Q.T
        return directions

    def _disturbed(self, x: Tensor, first: int, side: int) -> Tensor:
        u = self.matrix(x.shape[-1]).to(x)
        moved = []
        for index, items in enumerate(x, first):
            numbers = generator("disturbance", self.seed, index, side)
            noise = torch.randn(len(items), 1, generator=numbers).to(x)
            moved.append(items + self.scale * noise * u[self.of(index)])
        return torch.stack(moved)
