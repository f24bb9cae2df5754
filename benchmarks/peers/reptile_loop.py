"""Reptile as learn2learn's example has it: a deep copy and an optimiser for each task."""

from __future__ import annotations

import copy

import torch

from benchmarks.peers.torch_step import TorchRun
from benchmarks.problem import each_task
from benchmarks.reference import inner_optimizer
from metalearn_lab.tasks.types import Task


class Run(TorchRun):
    """Reptile."""

    def backward(self, batch: Task) -> None:
        """φ − φ̃, the mean over tasks."""
        tasks = each_task(batch)
        for phi in self.model.parameters():
            phi.grad = torch.zeros_like(phi)
        for task in tasks:
            trained = copy.deepcopy(self.model)
            inner = inner_optimizer(self.problem, trained)
            for step in range(self.problem.inner_steps):
                data = self.problem.minibatch(task.support, step)
                inner.zero_grad()
                self.problem.loss(trained(data.x), data.y).backward()
                inner.step()
            for phi, after in zip(self.model.parameters(), trained.parameters(), strict=True):
                phi.grad.add_(phi.detach() - after.detach(), alpha=1 / len(tasks))
