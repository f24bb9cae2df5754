"""Frozen class means: a pretrained network that does not adapt, nearest class mean by cosine."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.tasks.types import Task


@torch.no_grad()
def frozen_class_means(body: nn.Module, tasks: Task, ways: int) -> Tensor:
    """Accuracy on each episode when a query goes to the class whose mean feature is nearest.

    Args:
        body: maps inputs to features; nothing in it moves.
        tasks: episodes, inputs ``[episodes, items, ...]`` and labels ``[episodes, items]``.
        ways: N, the classes of an episode.

    Returns:
        ``[episodes]``, on the CPU.
    """
    support, query = (F.normalize(body(split.x), dim=-1) for split in tasks)
    sums = F.one_hot(tasks.support.y, ways).to(support.dtype).mT @ support
    answers = (query @ F.normalize(sums, dim=-1).mT).argmax(-1)
    return (answers == tasks.query.y).double().mean(1).cpu()
