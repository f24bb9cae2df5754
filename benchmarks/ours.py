"""Our training step, through the public interface alone."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.problem import Problem
from metalearn_lab.training.outer_step import OuterStep


class Run:
    """``OuterStep`` on the problem's learner, with a fused Adam."""

    def __init__(
        self,
        problem: Problem,
        dtype: torch.dtype,
        compiled: bool = False,
        bf16: bool = False,
        **settings: object,
    ) -> None:
        self.problem = problem
        self.dtype = dtype
        self.learner = problem.learner(**settings).to(dtype)
        adam = torch.optim.Adam(self.learner.parameters(), lr=problem.outer_lr, fused=True)
        self.outer = OuterStep(self.learner, adam, compiled=compiled, bf16=bf16)
        self.iteration = 0

    def result(self) -> dict[str, Tensor]:
        """The meta-gradient of the first batch."""
        batch = self.problem.first_batch(self.dtype)
        self.learner.zero_grad()
        self.outer.prepare(batch)(batch).backward()
        return {name: p.grad.clone() for name, p in self.learner.model.named_parameters()}

    def steps(self, count: int) -> None:
        """Sample, step, again."""
        for _ in range(count):
            self.outer.step(self.problem.batch(self.iteration))
            self.iteration += 1
