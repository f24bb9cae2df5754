"""What the torch peers share: a network, an outer Adam, and a loop of training steps."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.problem import Problem
from metalearn_lab.tasks.types import Task


class TorchRun:
    """A peer that leaves the meta-gradient of a batch in ``.grad``, by ``backward``.

    The outer Adam is fused, as ours is.

    Args:
        problem: what to train.
        dtype: float32, or float64 to compare gradients.
        our_model: run the library on our own layers, where the problem's network has some.
    """

    def __init__(self, problem: Problem, dtype: torch.dtype, our_model: bool = False) -> None:
        self.problem = problem
        self.dtype = dtype
        make = problem.model if our_model else problem.peer_model or problem.model
        self.model = make().to(dtype)
        self.outer = torch.optim.Adam(self.model.parameters(), lr=problem.outer_lr, fused=True)
        self.iteration = 0

    def backward(self, batch: Task) -> None:
        """Add the meta-gradient of a batch to ``.grad``."""
        raise NotImplementedError

    def result(self) -> dict[str, Tensor]:
        """The meta-gradient of the first batch."""
        self.model.zero_grad()
        self.backward(self.problem.first_batch(self.dtype))
        return {name: p.grad.clone() for name, p in self.model.named_parameters()}

    def steps(self, count: int) -> None:
        """Sample, meta-gradient, Adam; again."""
        for _ in range(count):
            self.outer.zero_grad()
            self.backward(self.problem.batch(self.iteration))
            self.outer.step()
            self.iteration += 1
