"""One step down the meta-gradient, by any optimiser, without waiting for the device."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.optim import Optimizer

from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task

MetaLoss = Callable[[Task], Tensor]
"""Maps a batch of tasks to the mean meta-loss, a scalar whose gradient is the meta-gradient."""


class OuterStep:
    """θ ← optimiser(θ, ∇ meta-loss).

    Nothing is read back from the device, so a GPU never waits for Python. ``backward`` gives
    every gradient the memory layout of its parameter, whatever the layout it was computed in;
    fused optimisers need that, for they walk both in the order of memory.

    Args:
        learner: whose parameters are moved.
        optimizer: over ``learner.parameters()``.
        compiled: take the meta-loss and its gradient from one compiled function (see
            ``metalearn_lab.compiled``) instead of from the learner's own ``forward``.
    """

    def __init__(self, learner: Learner, optimizer: Optimizer, compiled: bool = False) -> None:
        self.learner = learner
        self.optimizer = optimizer
        self.compiled = compiled
        self._meta_loss: MetaLoss | None = None

    def prepare(self, batch: Task) -> MetaLoss:
        """The meta-loss whose gradient is followed; compiling it takes a second or two, once.

        Args:
            batch: like those to come.

        Raises:
            NotCompilable: says why the learner cannot be compiled here.
        """
        if self._meta_loss is None:
            self._meta_loss = _compile(self.learner, batch) if self.compiled else self.learner
        return self._meta_loss

    def step(self, batch: Task) -> Tensor:
        """One step on a batch of tasks.

        Args:
            batch: every tensor ``[tasks, items, ...]``.

        Returns:
            The meta-loss before the step, a scalar on the learner's device without a graph.

        Raises:
            NotCompilable: at the first step, as for ``prepare``.
        """
        meta_loss = self.prepare(batch)
        _forget_gradients(self.optimizer)
        loss = meta_loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return loss.detach()


def _forget_gradients(optimizer: Optimizer) -> None:
    """What ``zero_grad`` does, without the 7 µs of its hooks."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None


def _compile(learner: Learner, batch: Task) -> MetaLoss:
    from metalearn_lab.compiled import compiled_meta_loss

    return compiled_meta_loss(learner, batch)
