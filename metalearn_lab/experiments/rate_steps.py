"""Query loss of a trained learner at many inner rates and after every inner step."""

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
    """Mean query loss by inner rate and step.

    Attributes:
        rates: α, increasing, ``[rates]``.
        loss: mean over tasks, ``[rates, steps + 1]``; infinite where the inner loop of a task
            left the numbers.
        half_width: of its 95 % interval, ``[rates, steps + 1]``.
        tasks: how many.
    """

    rates: Tensor
    loss: Tensor
    half_width: Tensor
    tasks: int

    def largest_useful_rate(self, step: int) -> float | None:
        """The largest α up to which ``step`` inner steps are better than none, or None."""
        worse = (self.loss[:, step] >= self.loss[:, 0]).nonzero().flatten()
        useful = len(self.rates) if len(worse) == 0 else int(worse[0])
        return self.rates[useful - 1].item() if useful else None


@torch.no_grad()
def rate_steps(learner: Learner, tasks: Task, rates: Sequence[float], steps: int) -> RateSteps:
    """Adapt to the same tasks at each inner rate; the weights of the learner stay as they are.

    Args:
        learner: trained at one α, which is left as it is.
        tasks: unseen, every tensor ``[tasks, items, ...]``.
        rates: the α to try.
        steps: the most inner steps.

    Raises:
        ValueError: no rates, or they do not increase.
    """
    if not rates or list(rates) != sorted(set(rates)):
        raise ValueError(f"give increasing rates, got {list(rates)}")
    curves = [adaptation_curves(with_rate(learner, rate), tasks, steps) for rate in rates]
    losses = torch.stack([at_rate.loss for at_rate in curves], 1)
    interval = interval_over_tasks(torch.where(losses.isfinite(), losses, torch.inf))
    return RateSteps(torch.tensor(list(rates)), *interval)
