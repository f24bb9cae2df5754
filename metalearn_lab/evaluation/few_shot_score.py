"""A learner's accuracy on unseen tasks, with α and the number of steps chosen on other tasks."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from metalearn_lab.evaluation.adaptation_curves import (
    TASKS_AT_ONCE,
    AdaptationCurves,
    adaptation_curves,
)
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task


class FewShotScore(NamedTuple):
    """How well a learner did, and with which settings.

    Attributes:
        accuracy: on each test task, ``[tasks]``.
        trainable: how many numbers its adaptation moves; 0 where nothing is trained.
        inner_lr: α, chosen on validation tasks; None where nothing is trained.
        steps: inner steps at test time, chosen with it.
    """

    accuracy: Tensor
    trainable: int = 0
    inner_lr: float | None = None
    steps: int = 0

    @property
    def mean(self) -> Interval:
        """Mean accuracy with its 95 % interval over tasks."""
        return interval_over_tasks(self.accuracy)


def few_shot_score(
    learner: Learner,
    validation: Task,
    test: Task,
    *,
    inner_lrs: Sequence[float],
    most_steps: int,
    tasks_at_once: int = TASKS_AT_ONCE,
) -> FewShotScore:
    """Choose α and the number of inner steps on validation tasks, then score on test tasks.

    Args:
        learner: of classification tasks; its own α and k are not used.
        validation: tasks to choose on, every tensor ``[tasks, items, ...]``.
        test: tasks to report on.
        inner_lrs: the α to try.
        most_steps: the largest number of steps to try.
        tasks_at_once: tasks adapted together; more is quicker where a task is small.

    Raises:
        ValueError: no α to try, tasks that have no accuracy (see ``evaluation.accuracy``), or a
            learner whose inner steps do not follow one α (see ``with_rate``).
    """
    if not inner_lrs:
        raise ValueError("no inner rates to try: give at least one")

    def curves(rate: float, tasks: Task, steps: int) -> AdaptationCurves:
        twin = with_rate(learner, rate)
        return adaptation_curves(twin, tasks, steps, tasks_at_once=tasks_at_once)

    means = {rate: curves(rate, validation, most_steps).mean_accuracy.mean for rate in inner_lrs}
    rate = max(means, key=lambda inner_lr: means[inner_lr].max().item())
    steps = int(means[rate].argmax())
    accuracy = curves(rate, test, steps).accuracy
    assert accuracy is not None  # the validation tasks had accuracies
    return FewShotScore(accuracy[:, -1], trainable_parameters(learner), rate, steps)


def trainable_parameters(learner: Learner) -> int:
    """How many numbers the inner loop of a learner moves.

    Raises:
        ValueError: its fast weights are named wrongly (see ``Learner.check_weights``).
    """
    learner.check_weights()
    weights = learner.weights()
    return sum(weights[name].numel() for name in learner.adapted_names)


def with_rate(learner: Learner, inner_lr: float) -> Learner:
    """The same learner, its weights shared, with another inner rate α.

    Raises:
        ValueError: α is out of range, or not the one rate of the learner's inner steps.
    """
    learner.check_rate()
    twin = copy.copy(learner)
    twin.inner_lr = inner_lr
    return twin
