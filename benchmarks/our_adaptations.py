"""Adapting one new task with this package."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.workloads.adapt import PROBLEM, STEPS, points, rates, support
from metalearn_lab.compiled import CompiledAdaptation
from metalearn_lab.tasks.types import Split


class Eager:
    """``adapt`` and ``predict``; a learner has one inner rate, so several take turns."""

    def __init__(self, count: int, dtype: torch.dtype) -> None:
        self.learners = [PROBLEM.learner(inner_lr=float(a)).to(dtype) for a in rates(count, dtype)]
        self.support, self.x = support(dtype), points(dtype)[None]

    def __call__(self) -> Tensor:
        """The last curves."""
        curves = [
            learner.predict(learner.adapt(self.support)[-1], self.x) for learner in self.learners
        ]
        return torch.cat(curves)


class Compiled:
    """``CompiledAdaptation``, which gives the curve after every step; a rate is a task to it."""

    def __init__(self, count: int, dtype: torch.dtype) -> None:
        learner = PROBLEM.learner().to(dtype)
        self.support = Split(*(part.expand(count, -1, -1) for part in support(dtype)))
        self.x, self.rates = points(dtype).expand(count, -1, -1), rates(count, dtype)
        self.adaptation = CompiledAdaptation(learner, self.support, self.x, STEPS)

    def __call__(self) -> Tensor:
        """The last curves."""
        return self.adaptation(self.support, self.x, self.rates)[:, -1]
