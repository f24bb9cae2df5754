"""Update rules: an epoch of truncated unrolls, five outer steps, beside a plain PyTorch loop."""

from __future__ import annotations

from functools import lru_cache, partial

import torch
from torch import Tensor, nn

from benchmarks.peers import plain_rules
from benchmarks.running import Variant, Workload
from metalearn_lab.experiments.train_update_rule import Schedule, train_by_unrolls
from metalearn_lab.learners.update_rules import LSTMRule, MLPRule
from metalearn_lab.tasks.optimizees import Quadratics, random_quadratics

KINDS = {"lstm": LSTMRule, "mlp": MLPRule}
GRAIN = 5  # outer steps of an epoch
POOL = 4


@lru_cache(maxsize=2 * POOL)
def quadratics(number: int, dtype: torch.dtype) -> Quadratics:
    """Eight of ten numbers."""
    return Quadratics(*(part.to(dtype) for part in random_quadratics(number, 8)))


class Plain:
    """The loop written out.

    Args:
        name: of ``KINDS``.
        dtype: of weights and problems.
    """

    def __init__(self, name: str, dtype: torch.dtype) -> None:
        self.name, self.dtype, self.epoch = name, dtype, 0
        self.rule = KINDS[name]().to(dtype)
        if name == "mlp":  # its last layer is 0, where the first would have nothing to do
            numbers = torch.Generator().manual_seed(0)
            nn.init.normal_(self.rule.net.head.weight, std=0.02, generator=numbers)

    def batch(self, epoch: int) -> Quadratics:
        """One of a few, in turn."""
        return quadratics((self.epoch + epoch) % POOL, self.dtype)

    def train(self, epochs: int, outer_lr: float) -> None:
        """Epochs of 100 steps in five windows."""
        plain_rules.train(self.name, self.rule, self.batch, epochs, outer_lr)

    def result(self) -> dict[str, Tensor]:
        """The gradient of the last window of an epoch in which the weights stay."""
        self.train(1, 1e-30)
        return {name: p.grad.clone() for name, p in self.rule.named_parameters()}

    def steps(self, count: int) -> None:
        """So many outer steps."""
        self.train(count // GRAIN, 1e-3)
        self.epoch += count // GRAIN


class Ours(Plain):
    """``train_by_unrolls``."""

    def train(self, epochs: int, outer_lr: float) -> None:
        """The same schedule."""
        train_by_unrolls(self.rule, self.batch, Schedule(epochs, 100, 20, outer_lr))


def workload(name: str) -> Workload:
    """Ours beside the plain loop, on one thread."""
    return Workload(
        f"learned-{name}_rule",
        f"{name.upper()} rule, unrolls of 20 steps, 8 quadratics of 10 numbers",
        lambda: Plain(name, torch.float64).result(),
        (
            Variant("ours, not compiled", "ours", partial(Ours, name), GRAIN),
            Variant("plain PyTorch loop", "peer", partial(Plain, name), GRAIN),
        ),
        target=1.5,
        exact_dtype=torch.float64,
        threads=1,
    )


WORKLOADS = tuple(partial(workload, name) for name in KINDS)
