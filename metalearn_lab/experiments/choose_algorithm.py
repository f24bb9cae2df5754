"""The level of the algorithm: pick a classifier for a task from a description of its support."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.learners.proto_net import class_means
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

ALGORITHMS = ("class means", "ridge", "nearest neighbour")
WAYS, FEATURES, QUERIES = 5, 20, 40
SHOTS = (2, 4, 8, 16, 32)


class Choices(NamedTuple):
    """Accuracy on each unseen task, ``[tasks]``.

    Attributes:
        described: of the algorithm that the description picks.
        shuffled: the same where each task has the description of another one.
        single: of the one algorithm that was best on the training tasks.
        cross_validated: of the one that is best in cross-validation on the task's support.
        best: of the one that is best on the task's query: no choice can do better.
        chosen: which algorithm the description picks, an index.
    """

    described: Tensor
    shuffled: Tensor
    single: Tensor
    cross_validated: Tensor
    best: Tensor
    chosen: Tensor


def varied_task(address: int | str, seed: int = 0) -> Task:
    """Five clouds that differ from task to task in shots, shape and number of clumps.

    Half of the tasks have clouds that are stretched, by up to a factor of twenty from feature to
    feature. A third have classes of four clumps each.

    Args:
        address: another address, another task.
        seed: of all addresses.
    """
    numbers = generator("varied task", seed, address)
    uniform = torch.rand(3, generator=numbers)
    shots = SHOTS[int(uniform[0] * len(SHOTS))]
    stretch = torch.rand(FEATURES, generator=numbers) * 3 * (uniform[1] < 1 / 2)
    clumps = 4 if uniform[2] < 1 / 3 else 1
    centres = torch.randn(WAYS, clumps, FEATURES, generator=numbers) * (2 if clumps > 1 else 0.5)
    sides = []
    for items in (shots, QUERIES):
        which = torch.randint(clumps, (WAYS, items), generator=numbers)
        points = centres[torch.arange(WAYS)[:, None], which]
        points = points + torch.randn(points.shape, generator=numbers) * stretch.exp()
        sides.append(Split(points.flatten(0, 1), torch.arange(WAYS).repeat_interleave(items)))
    return Task(*sides)


def accuracies(support: Split, query: Split) -> Tensor:
    """Of each of ``ALGORITHMS``, on the raw features, ``[algorithms]``."""
    columns = F.one_hot(support.y, WAYS).to(support.x)
    means = class_means(support.x, columns / columns.sum(0))
    centre = support.x.mean(0)
    weights = ridge(support.x - centre, columns, torch.tensor(10.0, device=support.x.device))
    guesses = (
        torch.cdist(query.x, means).argmin(1),
        ((query.x - centre) @ weights).argmax(1),
        support.y[torch.cdist(query.x, support.x).argmin(1)],
    )
    return torch.stack([(guess == query.y).float().mean() for guess in guesses])


def description(support: Split) -> Tensor:
    """Three numbers of a support set, ``[3]``; no query item is looked at.

    They are log K; how unequal the features' spreads within the classes are; and how far an item's
    nearest neighbour of its class is, as a share of the mean distance between items of a class.
    """
    by_class = support.x.view(WAYS, -1, support.x.shape[-1])
    spread = by_class.std(1).square().mean(0).sqrt()
    distances = torch.cdist(by_class, by_class)
    shots = by_class.shape[1]
    own = torch.eye(shots, device=support.x.device, dtype=torch.bool)
    nearest = distances.masked_fill(own, torch.inf).amin(-1).mean()
    mean = distances.sum() / (WAYS * shots * (shots - 1))
    log_shots = torch.tensor(float(shots), device=support.x.device).log()
    return torch.stack([log_shots, spread.log().std(), nearest / mean])


def cross_validated(support: Split, folds: int = 4) -> Tensor:
    """Accuracy of each algorithm on parts of the support that are left out in turn."""
    shots = len(support.y) // WAYS
    part = torch.arange(shots, device=support.y.device).repeat(WAYS) % min(folds, shots)
    scores = []
    for fold in range(min(folds, shots)):
        kept, left = (Split(support.x[m], support.y[m]) for m in (part != fold, part == fold))
        scores.append(accuracies(kept, left))
    return torch.stack(scores).mean(0)


def choose_for_unseen(training: int = 300, unseen: int = 20, seed: int = 0) -> Choices:
    """Learn from training tasks which algorithm suits which description; choose for unseen tasks.

    The accuracy of each algorithm is predicted by its mean over the fifteen training tasks with
    the nearest descriptions (each of the three numbers divided by its spread).

    Args:
        training: tasks to learn from, fifteen or more.
        unseen: tasks to choose for.
        seed: of all tasks.

    Raises:
        ValueError: too few tasks.
    """
    if training < 15 or unseen < 2:
        raise ValueError(f"give 15 training tasks and 2 unseen ones or more: {training}, {unseen}")
    seen, new = (
        [varied_task(f"{name} {i}", seed) for i in range(count)]
        for name, count in (("training", training), ("unseen", unseen))
    )
    known, scores = (torch.stack(rows) for rows in zip(*map(_described, seen), strict=True))
    asked, true = (torch.stack(rows) for rows in zip(*map(_described, new), strict=True))
    chosen = _predicted(asked, known, scores).argmax(1)
    others = _predicted(asked.roll(1, 0), known, scores).argmax(1)
    by_validation = torch.stack([cross_validated(task.support) for task in new]).argmax(1)
    single = scores.mean(0).argmax().expand(unseen)
    by_description, by_other, by_average, by_folds = (
        true.gather(1, index[:, None])[:, 0] for index in (chosen, others, single, by_validation)
    )
    return Choices(by_description, by_other, by_average, by_folds, true.amax(1), chosen)


def _described(task: Task) -> tuple[Tensor, Tensor]:
    return description(task.support), accuracies(*task)


def _predicted(asked: Tensor, known: Tensor, scores: Tensor) -> Tensor:
    """Accuracies ``[tasks, algorithms]`` by the nearest descriptions."""
    near = torch.cdist(asked / known.std(0), known / known.std(0)).topk(15, largest=False)
    return scores[near.indices].mean(1)
