"""What a learner keeps of a sequence of tasks, and what it passes on to the next."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class TransferScores(NamedTuple):
    """Four means over tasks.

    Attributes:
        accuracy: at the end, over all tasks (ACC).
        backward: accuracy at the end less that right after its own training, over all but the last
            task (BWT); below 0 is forgetting.
        forward: accuracy just before a task's own training less the baseline, over all but the
            first task (FWT).
        forgetting: best accuracy before the last training less that at the end, over all but the
            last task.
    """

    accuracy: float
    backward: float
    forward: float
    forgetting: float


def transfer_scores(accuracies: Tensor, baseline: Tensor | float) -> TransferScores:
    """The four scores of a table of accuracies.

    Args:
        accuracies: R, ``[T, T]``: in row i, after the training on task i, the accuracy on every
            task.
        baseline: accuracy on each task without any training, ``[T]``, or one number for all.

    Raises:
        ValueError: not a square table of two tasks or more.

    Source: Lopez-Paz and Ranzato, "Gradient Episodic Memory for Continual Learning", NeurIPS 2017,
    equations 2 to 4; forgetting: Chaudhry et al., "Riemannian Walk for Incremental Learning",
    ECCV 2018.
    """
    tasks = len(accuracies)
    if accuracies.ndim != 2 or accuracies.shape[1] != tasks or tasks < 2:
        raise ValueError(
            f"accuracies must be a square table of 2 tasks or more, got {list(accuracies.shape)}"
        )
    before = accuracies.diagonal(1) - torch.as_tensor(baseline).expand(tasks)[1:]
    last, own = accuracies[-1, :-1], accuracies.diagonal()[:-1]
    best = accuracies[:-1, :-1].max(0).values
    means = (accuracies[-1], last - own, before, best - last)
    return TransferScores(*(each.mean().item() for each in means))
