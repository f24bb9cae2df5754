"""Over-fitting: how a learner does on what it adapts to, and on what it is asked."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.evaluation.adaptation_curves import curves_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.tasks.batches import check_tasks
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
        mean = self.query_loss.mean(0)
        return int(torch.where(mean.isfinite(), mean, torch.inf).argmin())


@torch.no_grad()
def over_fitting(learner: Learner, tasks: Task, steps: int) -> OverFitting:
    """Adapt to the support of every task and follow the loss on both sides.

    Args:
        learner: of classification tasks.
        tasks: every tensor ``[tasks, items, ...]``.
        steps: k.

    Raises:
        TypeError, ValueError: the tasks are no batch of classification tasks.
    """
    check_tasks(tasks)
    both = Split(*(torch.cat(pair, dim=1) for pair in zip(*tasks, strict=True)))
    outputs = predict_along(learner, Task(tasks.support, both), steps)
    sides = outputs.split_with_sizes([split.y.shape[1] for split in tasks], dim=2)
    on_support, on_query = (
        curves_of(learner, side, split.y) for side, split in zip(sides, tasks, strict=True)
    )
    if on_support.accuracy is None or on_query.accuracy is None:
        raise ValueError(
            "these tasks have no accuracy: give class indices as targets, and a model with an "
            "output for each of two classes or more"
        )
    return OverFitting(on_support.loss, on_query.loss, on_support.accuracy, on_query.accuracy)
