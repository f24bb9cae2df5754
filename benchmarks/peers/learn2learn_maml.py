"""learn2learn: ``MAML(model).clone()`` and ``adapt`` for each task, as in its examples."""

from __future__ import annotations

import torch
from learn2learn.algorithms.maml import MAML

from benchmarks.peers.torch_step import TorchRun
from benchmarks.problem import Problem, each_task
from metalearn_lab.tasks.types import Task


class Run(TorchRun):
    """MAML and first-order MAML."""

    def __init__(self, problem: Problem, dtype: torch.dtype, our_model: bool = False) -> None:
        super().__init__(problem, dtype, our_model)
        first_order = problem.algorithm == "first-order MAML"
        self.maml = MAML(self.model, lr=problem.inner_lr, first_order=first_order)

    def backward(self, batch: Task) -> None:
        """The meta-gradient, task by task."""
        tasks, loss = each_task(batch), self.problem.loss
        for task in tasks:
            clone = self.maml.clone()
            for _ in range(self.problem.inner_steps):
                clone.adapt(loss(clone(task.support.x), task.support.y))
            (loss(clone(task.query.x), task.query.y) / len(tasks)).backward()
