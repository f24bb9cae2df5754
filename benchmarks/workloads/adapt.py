"""Adapt: one new sinusoid task, 10 inner steps, its curve on 100 points; and 32 inner rates.

It is what moving a slider triggers, so there is no outer step: a "training step" of this workload
is one adaptation, from a support split to the curves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

import torch
from torch import Tensor
from torch.func import functional_call

from benchmarks.problem import each_task
from benchmarks.running import Running, Variant, Workload
from benchmarks.workloads.sinusoids import SINUSOIDS, network, variation
from metalearn_lab.tasks.types import Split

STEPS, POINTS, RATES = 10, 100, 32
PROBLEM = variation("adapt", "one new task, 10 steps, curve on 100 points", inner_steps=STEPS)


def support(dtype: torch.dtype) -> Split:
    """The new task's ten points, ``[1, 10, 1]``."""
    return Split(*(part.to(dtype) for part in SINUSOIDS.batch(0, 1).support))


def points(dtype: torch.dtype) -> Tensor:
    """Where the curve is drawn, ``[100, 1]``."""
    return torch.linspace(-5, 5, POINTS, dtype=dtype).unsqueeze(-1)


def rates(count: int, dtype: torch.dtype) -> Tensor:
    """The inner rates, ``[count]``: the usual one, or a range about it."""
    if count == 1:
        return torch.tensor([PROBLEM.inner_lr], dtype=dtype)
    return torch.logspace(-3, -1.5, count, dtype=dtype)


def reference(count: int) -> dict[str, Tensor]:
    """The last curves in float64 by plain autograd, ``[count, 100, 1]``."""
    model, x = network().double(), points(torch.float64)
    task = each_task(SINUSOIDS.batch(0, 1))[0].support
    curves = []
    for rate in rates(count, torch.float64):
        weights = dict(model.named_parameters())
        for _ in range(STEPS):
            outputs = functional_call(model, weights, (task.x.double(),))
            loss = PROBLEM.loss(outputs, task.y.double())
            gradients = torch.autograd.grad(loss, list(weights.values()))
            moved = zip(weights.items(), gradients, strict=True)
            weights = {n: (w - rate * g).detach().requires_grad_() for (n, w), g in moved}
        curves.append(functional_call(model, weights, (x,)).detach())
    return {"curves": torch.stack(curves)}


def workload(count: int) -> Workload:
    """Ours, compiled and not, beside JAX and learn2learn."""
    name, title = ("adapt", PROBLEM.title) if count == 1 else ("adapt-32", "32 inner rates at once")
    variants = (
        variant("ours", "ours, compiled, all 11 curves", "Compiled", count),
        variant("ours", "ours, adapt and predict", "Eager", count),
        variant("peer", "JAX jit", "Jax", count),
        variant("peer", "learn2learn clone and adapt", "Learn2Learn", count),
    )
    return Workload(name, title, partial(reference, count), variants)


def variant(kind: str, name: str, way: str, count: int) -> Variant:
    """A class of ``adaptations``, imported when it is built."""
    module = "benchmarks.peers.adaptations" if kind == "peer" else "benchmarks.our_adaptations"

    def build(dtype: torch.dtype) -> Running:
        return Adaptation(getattr(import_module(module), way)(count, dtype))

    return Variant(name, kind, build)


class Adaptation:
    """Runs a function that returns the last curves ``[rates, 100, 1]``."""

    def __init__(self, curves: Callable[[], Tensor]) -> None:
        self.curves = curves

    def result(self) -> dict[str, Tensor]:
        """The curves."""
        return {"curves": self.curves().detach()}

    def steps(self, count: int) -> None:
        """Adapt so many times; each waits for its curves, which someone wants to see."""
        for _ in range(count):
            self.curves()


WORKLOADS = (partial(workload, 1), partial(workload, RATES))
