"""Support sets with wrong labels: what is left of the accuracy of several classifiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.comparison.methods import (
    Budget,
    Rates,
    build,
    outer_optimizer,
    training_batches,
)
from metalearn_lab.comparison.world import World
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train

_INNER_LR, _OUTER_LR = 1.47, 0.000222
Classifier = Callable[[Task, int], Tensor]
"""Tasks and N to the predicted labels of their queries, ``[tasks, queries]``."""


def with_wrong_labels(tasks: Task, ways: int, wrong: int, seed: int) -> Task:
    """The tasks with some support labels of each class replaced by those of other classes.

    The items and their new labels are drawn uniformly. Those of a smaller number are among those
    of a larger one, so that results can be compared item by item.

    Args:
        tasks: a batch whose support has equally many items K of each class.
        ways: N, two or more.
        wrong: of the K labels of each class, how many become wrong.
        seed: of the draw.

    Raises:
        ValueError: ``wrong`` is not among 0, …, K, or classes have unequal numbers of items.
    """
    (x, y), query = tasks
    counts = F.one_hot(y, ways).sum(1)
    shots = y.shape[1] // ways
    if not (counts == shots).all():
        raise ValueError(f"each of the {ways} classes needs equally many support items")
    if not 0 <= wrong <= shots:
        raise ValueError(f"0 to {shots} labels of a class can be wrong, not {wrong}")
    numbers = generator("wrong labels", seed)
    keys = torch.rand(y.shape, generator=numbers, dtype=torch.float64)
    shifts = torch.randint(1, ways, y.shape, generator=numbers).to(y.device)
    by_class = (y + keys.to(y.device)).argsort(1)  # class 0 in random order, then class 1, …
    ranks = torch.empty_like(y).scatter_(1, by_class, torch.arange(y.shape[1]).to(y).expand_as(y))
    changed = torch.where(ranks % shots < wrong, (y + shifts) % ways, y)
    return Task(Split(x, changed), query)


def by_class_means(tasks: Task, ways: int) -> Tensor:
    """The class whose mean of support vectors has the largest cosine with the query."""
    (support, labels), query = tasks.support, tasks.query
    return class_mean_cosines(support, labels, query.x, ways).argmax(2)


def by_nearest_neighbour(tasks: Task, ways: int) -> Tensor:
    """The label of the support vector that has the largest cosine with the query."""
    (support, labels), query = tasks.support, tasks.query
    cosines = F.normalize(query.x, dim=-1) @ F.normalize(support, dim=-1).mT
    return labels.gather(1, cosines.argmax(2))


def by_ridge(tasks: Task, ways: int, penalty: float) -> Tensor:
    """The largest output of ridge regression on the classes of the support.

    Args:
        tasks: a batch.
        ways: N.
        penalty: λ of the squared weights.
    """
    targets = F.one_hot(tasks.support.y, ways).to(tasks.support.x)
    fit = torch.vmap(ridge, in_dims=(0, 0, None))
    weights = fit(tasks.support.x, targets, torch.tensor(penalty).to(targets))
    return (tasks.query.x @ weights).argmax(2)


def ridge_accuracies(tasks: Task, ways: int, penalties: Sequence[float]) -> dict[float, float]:
    """Mean accuracy of ridge regression by its penalty."""
    return {
        penalty: _share_right(by_ridge(tasks, ways, penalty), tasks).mean().item()
        for penalty in penalties
    }


UNTRAINED: Mapping[str, Classifier] = {
    "class means": by_class_means,
    "nearest neighbour": by_nearest_neighbour,
    "ridge": partial(by_ridge, penalty=1.0),
}
"""What nobody trains, by name."""


def train_head(world: World, iterations: int, seed: int) -> tuple[nn.Module, Learner]:
    """MAML that adapts its head alone, meta-trained on right labels.

    As no step moves the body, its features can be computed once: to adapt the head to them is to
    adapt the whole learner.

    α and β are those that validation classes chose for MAML on five sentences of each class.

    Args:
        world: of the sentence encoder's vectors.
        iterations: outer steps.
        seed: of the episodes.

    Returns:
        The body, from vectors to features, and MAML of the head, which takes features.
    """
    rates, budget = Rates(_INNER_LR, _OUTER_LR), Budget(iterations=iterations)
    learner = build("head_only", world, rates, budget, seed)
    meta_train(
        learner,
        training_batches(learner, world, budget, seed),
        iterations=iterations,
        optimizer=outer_optimizer(learner, rates),
        progress=False,
    )
    body, head = (learner.model.get_submodule(name) for name in ("body", "head"))
    return body, MAML(head, F.cross_entropy, inner_lr=_INNER_LR, inner_steps=budget.inner_steps)


@torch.no_grad()
def features_of(body: nn.Module, tasks: Task) -> Task:
    """The tasks with the features that a body makes of each x."""
    return Task(*(Split(body(split.x), split.y) for split in tasks))


def levels(tasks: Task, ways: int, seed: int) -> list[Task]:
    """The tasks with 0, …, K wrong labels of each class."""
    shots = tasks.support.y.shape[1] // ways
    return [with_wrong_labels(tasks, ways, wrong, seed) for wrong in range(shots + 1)]


def accuracies(
    tasks: Task, ways: int, classify: Mapping[str, Classifier], seed: int
) -> dict[str, dict[int, Tensor]]:
    """For each classifier the accuracy of every task with 0, …, K wrong labels of each class.

    Returns:
        By name and, as these take no inner steps, by 0: ``[K + 1, tasks]``, on the CPU.
    """
    noisy = levels(tasks, ways, seed)
    return {
        name: {0: torch.stack([_share_right(rule(task, ways), task) for task in noisy])}
        for name, rule in classify.items()
    }


def accuracies_along(
    learner: Learner, tasks: Task, ways: int, steps: Sequence[int], seed: int
) -> dict[int, Tensor]:
    """The same of a learner, by its number of inner steps.

    Args:
        learner: trained.
        tasks: with right labels.
        ways: N.
        steps: numbers of inner steps.
        seed: of the wrong labels.
    """
    along = [share_right_along(learner, task, max(steps)) for task in levels(tasks, ways, seed)]
    return {step: torch.stack([each[:, step] for each in along]) for step in steps}


def share_right_along(learner: Learner, tasks: Task, steps: int) -> Tensor:
    """Share of right answers after 0, …, steps inner steps, ``[tasks, steps + 1]``, on the CPU."""
    return _share_right(predict_along(learner, tasks, steps).argmax(-1), tasks)


def _share_right(predicted: Tensor, task: Task) -> Tensor:
    """Of predictions ``[tasks, queries]`` or ``[tasks, steps, queries]``, over the queries."""
    labels = task.query.y if predicted.ndim == 2 else task.query.y[:, None]
    return (predicted == labels).float().mean(-1).cpu()


def neighbour_accuracy(clean: float, share: float, ways: int) -> float:
    """The expected accuracy of a nearest neighbour if a share of all labels is wrong.

    The neighbour of a query does not depend on labels. A right answer stays right if its label
    does, and a wrong one becomes right if its wrong label happens to be the query's class:
    (1 − p) a + p (1 − a)/(N − 1).

    Args:
        clean: a, the accuracy with right labels.
        share: p, of labels that become those of another class, drawn uniformly.
        ways: N.
    """
    return (1 - share) * clean + share * (1 - clean) / (ways - 1)
