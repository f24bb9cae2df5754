"""Readers: what scores the query items of tasks from their support, with settings chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from metalearn_lab.comparison.opinions import accuracy, learned_reader, ridge_reader
from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.few_shot_score import with_rate
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.learner import Learner, TaskSource
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train

Reader = Callable[[Split, Tensor], Tensor]
"""From supports ``[tasks, items, dim]`` and queries to scores ``[tasks, queries, classes]``."""

Kind = TypeVar("Kind", bound=Learner)

PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""λ of ridge regression to choose from."""

LOGISTIC_PENALTIES = (0.01, 0.1, 1.0)
"""λ of logistic regression, whose loss is a sum over items, to choose from."""

INNER_LR, INNER_STEPS = 0.3, 5
"""α and k of training."""

INNER_RATES, MOST_STEPS = (0.1, 0.3, 1.0), 20
"""α and the most steps at test time to choose from."""

META_BATCH = 4
"""Tasks of an outer step."""


def best_reader(readers: Sequence[Reader], validation: Task) -> Reader:
    """The reader with the highest accuracy on validation tasks."""
    return max(readers, key=lambda reader: accuracy(reader, validation))


def means_reader(support: Split, x: Tensor) -> Tensor:
    """Cosines with the class means of the support."""
    return class_mean_cosines(support.x, support.y, x, int(support.y.max()) + 1)


def ridge_readers(prior: Tensor) -> list[Reader]:
    """Ridge regression towards a prior, with each penalty."""
    return [partial(ridge_reader, prior, penalty) for penalty in PENALTIES]


def logistic_readers() -> list[Reader]:
    """Logistic regression on the support of each task, with each penalty."""
    return [partial(_logistic, penalty) for penalty in LOGISTIC_PENALTIES]


def _logistic(penalty: float, support: Split, x: Tensor) -> Tensor:
    from sklearn.linear_model import LogisticRegression

    scores = []
    for items, labels, queries in zip(*(t.cpu().numpy() for t in (*support, x)), strict=True):
        fitted = LogisticRegression(C=1 / penalty, max_iter=1000).fit(items, labels)
        scores.append(torch.from_numpy(fitted.predict_log_proba(queries)))
    return torch.stack(scores).to(x)


@one_thread()
def trained(learner: Kind, source: TaskSource, *, iterations: int, outer_lr: float) -> Kind:
    """The learner, trained in place by Adam with rate β."""
    meta_train(
        learner,
        lambda i: learner.training_batch(source, META_BATCH * i, META_BATCH),
        iterations=iterations,
        optimizer=torch.optim.Adam(learner.parameters(), lr=outer_lr),
        progress=False,
    )
    return learner


@one_thread()
def stepping_reader(learners: Sequence[GradientLearner], validation: Task) -> Reader:
    """Of trained learners, the one with the best step of any curve on validation tasks.

    Args:
        learners: trained.
        validation: tasks that choose the learner, α and the number of steps.
    """
    curves = []
    for learner in learners:
        for inner_lr in INNER_RATES:
            twin = with_rate(learner, inner_lr)
            curve = adaptation_curves(twin, validation, MOST_STEPS).mean_accuracy.mean
            curves.append((curve.max().item(), int(curve.argmax()), twin))
    _, steps, twin = max(curves, key=lambda each: each[0])
    return partial(learned_reader, twin, steps)


def right_answers(reader: Reader, tasks: Task) -> Tensor:
    """Share of right answers in each task, ``[tasks]``."""
    return (reader(tasks.support, tasks.query.x).argmax(2) == tasks.query.y).float().mean(1)
