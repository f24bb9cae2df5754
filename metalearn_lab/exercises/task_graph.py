"""Self-checks of chapter 19: the distance of Task2Vec, and a warm start from neighbours."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Refused, Verdict, judged, self_check
from metalearn_lab.experiments.task_graph import neighbours
from metalearn_lab.experiments.task_similarity import cosine_distance, task2vec_distance
from metalearn_lab.tasks.seeds import generator

Distance = Callable[[Tensor, Tensor], Tensor]
"""The diagonal Fisher information of two tasks to their distance."""

WarmStart = Callable[[Tensor, Tensor, float], Tensor]
"""Weights of past tasks, their distances and the threshold to a start."""


@self_check
def check_my_task2vec_distance(answer: Distance) -> Verdict:
    """Check the distance: its value, its symmetry, its blindness to scale, and zeros."""
    return judged(
        "The distance is right. It is symmetric, and it is 0 where only the scale differs.",
        (_distance_mistake(answer, *pair) for pair in _fishers()),
    )


@self_check
def check_my_warm_start(answer: WarmStart) -> Verdict:
    """Check which past tasks are taken, and what is made of their weights."""
    return judged(
        "The right neighbours are taken, and a task without any starts from the nearest.",
        (_start_mistake(answer, i) for i in range(5)),
    )


def _fishers() -> list[tuple[Tensor, Tensor]]:
    """Plain ones first, then one with zeros, a multiple, and nothing in common."""
    numbers = generator("task2vec exercise")
    first, second = torch.rand(2, 6, generator=numbers, dtype=torch.float64) + 0.05
    zeros = torch.tensor([0, 0, 1, 1, 1, 0], dtype=torch.float64)
    return [
        (first, second),
        (second, first),
        (first, 20 * second),
        (first * zeros, second * zeros),
        (first, 5 * first),
        (first * zeros, second * (1 - zeros)),
    ]


def _distance_mistake(answer: Distance, first: Tensor, second: Tensor) -> str | None:
    returned = answer(first, second)
    if isinstance(returned, Tensor) and returned.isnan().any() and (first + second).min() == 0:
        raise Refused("where both are 0, you divide 0 by 0: let these quotients be 0.")
    given, exact = tensor(returned, ()), task2vec_distance(first, second)
    a, b = first / first.sum(), second / second.sum()
    likely = {
        "this is the cosine; the distance is 1 minus it.": 1 - exact,
        "these are not divided by the sum of both.": cosine_distance(first, second),
        "each is divided by its own total; divide by F_i + F_j, number by number.": (
            task2vec_distance(a, b)
        ),
        "the second quotient is missing: divide both by the sum.": cosine_distance(
            first / (first + second).clamp(min=1e-30), second
        ),
        "this is the length of a difference; take a cosine.": (
            (first - second) / (first + second).clamp(min=1e-30)
        ).norm(),
    }
    other = f"the distance should be {exact.item():.6f}, yours is {given.item():.6f}."
    return describe_mistake(given, exact, likely, other)


def _start(weights: Tensor, distances: Tensor, threshold: float, way: str = "") -> Tensor:
    """The right start, or one with a likely mistake."""
    chosen = neighbours(distances[None], threshold)[0]
    if way == "below":
        chosen = neighbours(distances.where(distances != threshold, torch.inf)[None], threshold)[0]
    if way == "nearest":
        chosen = distances == distances.min()
    if way == "far":
        chosen = ~chosen
    if way == "all":
        return weights.mean(0)
    if way == "weighted":
        shares = (-distances[chosen]).softmax(0)
        return shares @ weights[chosen]
    total = weights[chosen].sum(0)
    if way == "sum":
        return total
    if way == "divided by all":
        return total / len(weights)
    return total / chosen.sum().clamp(min=1)


_START_MISTAKES = {
    "below": "a distance that equals the threshold is within it: at most, not below.",
    "nearest": "only the nearest task is taken; take all within the threshold.",
    "far": "the tasks beyond the threshold are taken.",
    "all": "all tasks are taken, whatever their distance.",
    "weighted": "near tasks count more in your mean; let all neighbours count alike.",
    "sum": "the rows are added up; take their mean.",
    "divided by all": "divide by the number of neighbours, not of all tasks.",
}


def _start_mistake(answer: WarmStart, number: int) -> str | None:
    numbers = generator("warm start exercise", number)
    weights = torch.randn(6, 3 + number, generator=numbers, dtype=torch.float64)
    order = torch.randperm(6, generator=numbers)
    distances = torch.tensor([0.5, 1.0, 1.5, 2.0, 3.0, 4.0], dtype=torch.float64)[order]
    threshold = (1.7, 2.0, 0.2, 10.0, 3.0)[number]
    returned = answer(weights, distances, threshold)
    if isinstance(returned, Tensor) and returned.isnan().any() and threshold < distances.min():
        raise Refused("no distance is within the threshold, and a mean over no rows is NaN.")
    given, exact = tensor(returned, weights.shape[1:]), _start(weights, distances, threshold)
    likely = {
        hint: wrong
        for way, hint in _START_MISTAKES.items()
        if (wrong := _start(weights, distances, threshold, way)).isfinite().all()
    }
    other = "the start is another one: is it the mean of the rows within the threshold?"
    if threshold < distances.min():
        other = "no task is within the threshold here: then start from the nearest one."
    return describe_mistake(given, exact, likely, other)
