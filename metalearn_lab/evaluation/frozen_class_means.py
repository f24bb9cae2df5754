"""Frozen class means: the baseline that pretrains and does not adapt."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.tasks.types import Task


@torch.no_grad()
def class_mean_cosines(support: Tensor, labels: Tensor, query: Tensor, ways: int) -> Tensor:
    """Cosine of each query's features with each class mean of the support's.

    Args:
        support: features ``[tasks, items, dim]``.
        labels: ``[tasks, items]``, each of 0, …, ways − 1 in every task.
        query: features ``[tasks, queries, dim]``.
        ways: N.

    Returns:
        ``[tasks, queries, ways]``.
    """
    members = F.one_hot(labels, ways).to(support.dtype)
    sums = members.mT @ support  # as good as means: a cosine knows no length
    return F.normalize(query, dim=-1) @ F.normalize(sums, dim=-1).mT


def frozen_class_means(tasks: Task, ways: int) -> Tensor:
    """Accuracy of the nearest class mean by cosine on each task, ``[tasks]``.

    Args:
        tasks: whose x are features of a frozen network, ``[tasks, items, dim]``.
        ways: N.
    """
    (support, labels), query = tasks.support, tasks.query
    cosines = class_mean_cosines(support, labels, query.x, ways)
    return (cosines.argmax(2) == query.y).float().mean(1)
