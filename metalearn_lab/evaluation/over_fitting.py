"""Over-fitting: how a learner does on what it adapts to, and on what it is asked."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.mapping import over_tasks
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.tasks.types import Split, Task


class OverFitting(NamedTuple):
    """Loss and accuracy after 0, …, k inner steps, each ``[tasks, steps + 1]``.

    Attributes:
        support_loss: on the items that are adapted to.
        query_loss: on the others.
        support_accuracy: 0…1.
        query_accuracy: 0…1.
    """

    support_loss: Tensor
    query_loss: Tensor
    support_accuracy: Tensor
    query_accuracy: Tensor

    @property
    def turning_step(self) -> int:
        """The step with the smallest mean query loss; the last where it never turns."""
        return int(self.query_loss.mean(0).argmin())


@torch.no_grad()
def over_fitting(learner: Learner, tasks: Task, steps: int) -> OverFitting:
    """Adapt to the support of every task and follow the loss on both sides.

    Args:
        learner: of classification tasks.
        tasks: every tensor ``[tasks, items, ...]``.
        steps: k.
    """
    both = Split(*(torch.cat(pair, dim=1) for pair in zip(*tasks, strict=True)))
    outputs = predict_along(learner, Task(tasks.support, both), steps)
    items = tasks.support.y.shape[1]
    sides = outputs[:, :, :items], outputs[:, :, items:]
    losses = [_losses(learner, *side) for side in zip(sides, tasks, strict=True)]
    hits = [
        (output.argmax(-1) == split.y.unsqueeze(1)).float().mean(-1)
        for output, split in zip(sides, tasks, strict=True)
    ]
    return OverFitting(*(part.cpu() for part in (*losses, *hits)))


def _losses(learner: Learner, outputs: Tensor, split: Split) -> Tensor:
    """The loss of every task and step, ``[tasks, steps + 1]``."""

    def of_task(outputs: Tensor, target: Tensor) -> Tensor:
        return torch.stack([learner.loss(output, target) for output in outputs])

    losses: Tensor = over_tasks(of_task, learner.mapping)(outputs, split.y)
    return losses
