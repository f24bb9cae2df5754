"""higher: ``innerloop_ctx`` for each task, as in its MAML example."""

from __future__ import annotations

import higher
import torch

from benchmarks.peers.torch_step import TorchRun
from benchmarks.problem import Problem, each_task
from metalearn_lab.tasks.types import Task


class Run(TorchRun):
    """MAML."""

    def __init__(self, problem: Problem, dtype: torch.dtype, our_model: bool = False) -> None:
        super().__init__(problem, dtype, our_model)
        self.inner = torch.optim.SGD(self.model.parameters(), lr=problem.inner_lr)

    def backward(self, batch: Task) -> None:
        """The meta-gradient, task by task."""
        tasks, loss = each_task(batch), self.problem.loss
        for task in tasks:
            with higher.innerloop_ctx(self.model, self.inner, copy_initial_weights=False) as (
                fast,
                inner,
            ):
                for _ in range(self.problem.inner_steps):
                    inner.step(loss(fast(task.support.x), task.support.y))
                (loss(fast(task.query.x), task.query.y) / len(tasks)).backward()
