"""A per-task loop in plain autograd, as most tutorials write it: shown, not a peer to beat."""

from __future__ import annotations

import torch
from torch.func import functional_call

from benchmarks.peers.torch_step import TorchRun
from benchmarks.problem import each_task
from metalearn_lab.tasks.types import Task


class Run(TorchRun):
    """MAML and first-order MAML."""

    def backward(self, batch: Task) -> None:
        """The meta-gradient, task by task."""
        tasks = each_task(batch)
        exact = self.problem.algorithm == "MAML"
        for task in tasks:
            fast = dict(self.model.named_parameters())
            for _ in range(self.problem.inner_steps):
                outputs = functional_call(self.model, fast, (task.support.x,))
                loss = self.problem.loss(outputs, task.support.y)
                gradients = torch.autograd.grad(loss, list(fast.values()), create_graph=exact)
                moved = zip(fast.items(), gradients, strict=True)
                fast = {n: w - self.problem.inner_lr * g for (n, w), g in moved}
            outputs = functional_call(self.model, fast, (task.query.x,))
            (self.problem.loss(outputs, task.query.y) / len(tasks)).backward()
