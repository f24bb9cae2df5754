"""One training problem: the mathematics that every variant of a workload must do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.tasks.types import Split, Task

LEARNERS = {"MAML": MAML, "first-order MAML": FirstOrderMAML, "Reptile": Reptile}


@dataclass(frozen=True)
class Problem:
    """A meta-training problem.

    Attributes:
        name: short, e.g. ``"W1"``.
        title: what it is, in a line.
        algorithm: a key of ``LEARNERS``.
        model: makes the network; the same weights at every call.
        loss: of outputs and targets, a mean over items.
        batch: the meta-batch of an iteration.
        inner_lr: α.
        inner_steps: k.
        family: of the network, a key of ``peers.jax_models.FORWARD``.
        data: ``"sinusoids"`` (sampled anew at every step) or ``"pool"`` (batches made beforehand).
        inner_optimizer: of Reptile's inner loop.
        inner_batch: items in each inner step of Reptile.
        transductive: the network normalises query items by each other.
        peer_model: the same network without our own layers, where the two differ.
        ties: float32 rounding flips decisions (max-pooling, ReLU, signs), so gradients are
            compared in float64.
        outer_lr: of the outer Adam.
    """

    name: str
    title: str
    algorithm: Literal["MAML", "first-order MAML", "Reptile"]
    model: Callable[[], nn.Module]
    loss: Callable[[Tensor, Tensor], Tensor]
    batch: Callable[[int], Task]
    inner_lr: float
    inner_steps: int
    family: str
    data: Literal["sinusoids", "pool"] = "pool"
    inner_optimizer: Literal["sgd", "adam"] = "sgd"
    inner_batch: int | None = None
    transductive: bool = False
    peer_model: Callable[[], nn.Module] | None = None
    ties: bool = False
    outer_lr: float = 1e-3

    @property
    def exact_dtype(self) -> torch.dtype:
        """The precision in which gradients are compared with the float64 reference."""
        return torch.float64 if self.ties else torch.float32

    def learner(self, **settings: object) -> Learner:
        """The learner of this package for the problem, through its public arguments."""
        settings = {"inner_lr": self.inner_lr, "inner_steps": self.inner_steps} | settings
        if self.transductive:
            settings["transductive"] = True
        if self.algorithm == "Reptile":
            settings["inner_batch"] = self.inner_batch
            if self.inner_optimizer == "adam":
                settings["inner_optimizer"] = "adam"
        return LEARNERS[self.algorithm](self.model(), self.loss, **settings)

    def first_batch(self, dtype: torch.dtype) -> Task:
        """The batch on which gradients are compared."""
        return in_precision(self.batch(0), dtype)

    def minibatch(self, split: Split, step: int) -> Split:
        """The items of one task that Reptile's inner step sees."""
        if self.inner_batch is None:
            return split
        items = split.y.shape[0]
        rows = [(step * self.inner_batch + i) % items for i in range(self.inner_batch)]
        return Split(split.x[rows], split.y[rows])


def in_precision(batch: Task, dtype: torch.dtype) -> Task:
    """The batch with its floating-point tensors in another precision."""
    return Task(
        *(
            Split(*(part.to(dtype) if part.is_floating_point() else part for part in split))
            for split in batch
        )
    )


def each_task(batch: Task) -> list[Task]:
    """The tasks of a batch, one by one."""
    return [
        Task(*(Split(split.x[i], split.y[i]) for split in batch))
        for i in range(batch.query.y.shape[0])
    ]
