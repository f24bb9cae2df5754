"""Adaptation curves: how well a learner does after 0, 1, …, k steps on unseen tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from metalearn_lab.evaluation.accuracy import accuracy_of
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.running.eval_mode import in_eval_mode
from metalearn_lab.running.mapping import over_tasks
from metalearn_lab.tasks.batches import check_tasks
from metalearn_lab.tasks.types import Task, bad_values, select_tasks

TASKS_AT_ONCE = 25
"""Tasks adapted together by default; bounds the memory of their weights, changes no result."""


@dataclass(frozen=True)
class AdaptationCurves:
    """Query loss and accuracy after each inner step.

    Attributes:
        loss: ``[tasks, steps + 1]``.
        accuracy: ``[tasks, steps + 1]`` in 0…1, or None where there is none (see
            ``evaluation.accuracy``), as for regression.
    """

    loss: Tensor
    accuracy: Tensor | None

    @property
    def tasks(self) -> int:
        """How many tasks the curves were taken over."""
        return self.loss.shape[0]

    @property
    def steps(self) -> int:
        """The last inner step of the curves."""
        return self.loss.shape[1] - 1

    @property
    def mean_loss(self) -> Interval:
        """Mean loss with its 95 % interval over tasks, each ``[steps + 1]``."""
        return interval_over_tasks(self.loss)

    @property
    def mean_accuracy(self) -> Interval:
        """Mean accuracy with its 95 % interval over tasks, each ``[steps + 1]``.

        Raises:
            ValueError: there is no accuracy.
        """
        if self.accuracy is None:
            raise ValueError(
                "these tasks have no accuracy: use mean_loss. Accuracy takes class indices as "
                "targets and an output for each of two classes or more"
            )
        return interval_over_tasks(self.accuracy)


@torch.no_grad()
def adaptation_curves(
    learner: Learner,
    tasks: Task,
    steps: int | None = None,
    *,
    tasks_at_once: int = TASKS_AT_ONCE,
) -> AdaptationCurves:
    """Adapt to every task and score the query split after 0…steps inner steps, in eval mode.

    Args:
        learner: any learner.
        tasks: unseen tasks, every tensor ``[tasks, items, ...]``.
        steps: inner steps, the learner's own number when not given.
        tasks_at_once: tasks adapted together; more is quicker where a task is small.

    Raises:
        TypeError, ValueError: the tasks are no batch (see ``tasks.batches``), NaN or inf in them,
            ``steps`` is negative, or classification tasks of which one has no class.

    Returns:
        Curves on the CPU, wherever the tasks are.
    """
    check_tasks(tasks)
    if problem := bad_values(tasks):
        raise ValueError(f"cannot evaluate: {problem}")
    outputs = [predict_along(learner, chunk, steps) for chunk in chunks(tasks, tasks_at_once)]
    return curves_of(learner, torch.cat(outputs), tasks.query.y)


def adapted_loss(learner: Learner, tasks: Task) -> float:
    """Mean query loss after the learner's own number of inner steps."""
    return adaptation_curves(learner, tasks).loss[:, -1].mean().item()


def chunks(tasks: Task, size: int) -> Iterator[Task]:
    """Cut a batch of tasks into batches of at most ``size``."""
    for first in range(0, tasks.query.y.shape[0], size):
        yield select_tasks(tasks, slice(first, first + size))


def curves_of(learner: Learner, outputs: Tensor, y: Tensor) -> AdaptationCurves:
    """Score outputs that were kept after each step.

    Args:
        learner: gives the loss.
        outputs: on the query split after each step, ``[tasks, steps + 1, items, outputs]``.
        y: the query targets, ``[tasks, items, ...]``.

    Returns:
        Curves on the CPU.
    """
    losses_of_tasks = over_tasks(learner.loss_of, learner.mapping)
    with in_eval_mode(learner):
        losses = [losses_of_tasks(output, y) for output in outputs.unbind(1)]
    accuracies = [accuracy_of(output, y, learner.loss) for output in outputs.unbind(1)]
    known = [accuracy for accuracy in accuracies if accuracy is not None]
    accuracy = torch.stack(known, 1).cpu() if known else None
    return AdaptationCurves(torch.stack(losses, 1).cpu(), accuracy)
