"""TorchOpt: its differentiable ``MetaSGD`` for each task, as in its MAML examples."""

from __future__ import annotations

import torch
import torchopt

from benchmarks.peers.torch_step import TorchRun
from benchmarks.problem import Problem, each_task
from metalearn_lab.tasks.types import Task


class Run(TorchRun):
    """MAML."""

    def __init__(self, problem: Problem, dtype: torch.dtype, our_model: bool = False) -> None:
        super().__init__(problem, dtype, our_model)
        self.inner = torchopt.MetaSGD(self.model, lr=problem.inner_lr)
        # The library swaps the module's parameters for fast weights and back.
        self.theta = dict(self.model.named_parameters())

    def backward(self, batch: Task) -> None:
        """The meta-gradient, task by task."""
        tasks, loss = each_task(batch), self.problem.loss
        before = torchopt.extract_state_dict(self.model, by="reference")
        before_inner = torchopt.extract_state_dict(self.inner, by="reference")
        for task in tasks:
            for _ in range(self.problem.inner_steps):
                self.inner.step(loss(self.model(task.support.x), task.support.y))
            (loss(self.model(task.query.x), task.query.y) / len(tasks)).backward()
            torchopt.recover_state_dict(self.model, before)
            torchopt.recover_state_dict(self.inner, before_inner)
