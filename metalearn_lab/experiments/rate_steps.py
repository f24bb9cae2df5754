"""Query loss of a trained learner at many inner step sizes and after every inner step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.few_shot_score import with_rate
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task


class RateSteps(NamedTuple):
    """Mean query loss by inner step size and step.

    Attributes:
        inner_lrs: α, increasing, ``[sizes]``.
        loss: mean over tasks, ``[sizes, steps + 1]``; infinite where the inner loop of a task
            left the numbers.
        half_width: of its 95 % interval, ``[sizes, steps + 1]``.
        tasks: how many.
    """

    inner_lrs: Tensor
    loss: Tensor
    half_width: Tensor
    tasks: int

    def largest_useful_inner_lr(self, step: int) -> float | None:
        """The largest α up to which ``step`` inner steps are better than none, or None."""
        worse = (self.loss[:, step] >= self.loss[:, 0]).nonzero().flatten()
        useful = len(self.inner_lrs) if len(worse) == 0 else int(worse[0])
        return self.inner_lrs[useful - 1].item() if useful else None


@torch.no_grad()
def rate_steps(learner: Learner, tasks: Task, inner_lrs: Sequence[float], steps: int) -> RateSteps:
    """Adapt to the same tasks at each inner step size; the weights of the learner stay as they are.

    Args:
        learner: trained at one α, which is left as it is.
        tasks: unseen, every tensor ``[tasks, items, ...]``.
        inner_lrs: the α to try.
        steps: the most inner steps.

    Raises:
        ValueError: no α, or they do not increase.
    """
    if not inner_lrs or list(inner_lrs) != sorted(set(inner_lrs)):
        raise ValueError(f"give increasing inner step sizes, got {list(inner_lrs)}")
    curves = [adaptation_curves(with_rate(learner, size), tasks, steps) for size in inner_lrs]
    losses = torch.stack([curve.loss for curve in curves], 1)
    interval = interval_over_tasks(torch.where(losses.isfinite(), losses, torch.inf))
    return RateSteps(torch.tensor(list(inner_lrs)), *interval)
