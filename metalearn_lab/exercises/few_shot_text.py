"""Checks of chapter 06: the prototype loss, a difference over class splits, peeking at the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.exercises.finite import number, numbers, tensor
from metalearn_lab.exercises.mistakes import describe_mistake, is_same_answer
from metalearn_lab.exercises.verdict import Verdict, judged, not_yet, right, self_check
from metalearn_lab.tasks.seeds import generator

PrototypeLoss = Callable[[Tensor, Tensor, Tensor, Tensor, int], Tensor]
"""Maps support features ``[items, dim]``, their labels, query features ``[queries, dim]``, their
labels and the number of ways to the mean cross-entropy of the queries."""

DifferenceOverSplits = Callable[[Tensor, Tensor], tuple[float, float]]
"""Maps the accuracies ``[splits, seeds]`` of two methods, in per cent, to the mean difference over
class splits and its 95 % half-width."""

NORMAL = 1.96
_LOSS = {"tolerance": 1e-5, "smallest_scale": 0.1}
"""How near a loss and its gradient must be; the exercise's text names the tolerance. With it an
answer in single precision is right."""

_DIFFERENCE = {"tolerance": 1e-3, "smallest_scale": 1e-2}
"""How near a mean difference and its half-width must be; the exercise's text names it too."""

_TASKS = (((1, 2, 3), (2, 3, 4), 4), ((4, 1, 2, 1, 2), (1, 3, 1, 2, 1), 3), ((3, 1), (2, 5), 6))
"""Support items and queries of each class, and dimensions, of the tasks that the check makes."""

_COMPARISONS = ((3, 2, 4.0), (5, 3, -2.0), (10, 1, 1.0), (3, 1, -5.0))
"""Splits, seeds and points of difference of the comparisons that the check makes."""


class _Features(NamedTuple):
    """A task as an encoder gives it; the labels come in any order."""

    support: Tensor
    labels: Tensor
    query: Tensor
    query_labels: Tensor
    ways: int

    def prototypes(self) -> Tensor:
        return torch.stack([self.support[self.labels == c].mean(0) for c in range(self.ways)])

    def squares(self, prototypes: Tensor) -> Tensor:
        """‖q − p_c‖², ``[queries, ways]``."""
        return (self.query[:, None] - prototypes).square().sum(2)

    def loss(self, scores: Tensor) -> Tensor:
        return F.cross_entropy(scores, self.query_labels)


@self_check
def check_prototype_loss(prototype_loss: PrototypeLoss) -> Verdict:
    """Whether a function computes the loss of a prototypical network, gradients included.

    Args:
        prototype_loss: the reader's.
    """
    return judged(
        "An encoder can be trained by it: through the prototypes and through the queries.",
        (_prototype_mistake(prototype_loss, *sizes) for sizes in _TASKS),
    )


def _prototype_mistake(
    prototype_loss: PrototypeLoss, shots: Sequence[int], queries: Sequence[int], dim: int
) -> str | None:
    drawn, ways = generator("prototype loss exercise", dim), len(shots)
    labels, query_labels = (
        torch.tensor([c for c in range(ways) for _ in range(counts[c])])[
            torch.randperm(sum(counts), generator=drawn)
        ]
        for counts in (shots, queries)
    )
    leaves = [
        torch.randn(len(each), dim, dtype=torch.float64, generator=drawn).requires_grad_()
        for each in (labels, query_labels)
    ]
    # Clones, so that a change in place can be told to the reader.
    given, task = (
        _Features(leaves[0].clone(), labels, leaves[1].clone(), query_labels, ways)
        for _ in range(2)
    )
    returned: object = prototype_loss(*given)
    if not isinstance(returned, Tensor):
        return "return the tensor, not a plain number: the gradient must go through it."
    if returned.shape == query_labels.shape:
        return "these are the losses of the queries: return their mean, one number."
    loss, exact = tensor(returned, ()), task.loss(-task.squares(task.prototypes()))
    way_on = "for each class the mean of its support features; scores −‖q − p_c‖²; cross-entropy."
    hint = describe_mistake(loss, exact, _likely_losses(task), way_on, **_LOSS)
    return hint or _gradient_mistake(loss, exact, leaves)


def _likely_losses(task: _Features) -> dict[str, Tensor]:
    """The losses that typical mistakes lead to."""
    support, labels, query, query_labels, ways = task
    prototypes = task.prototypes()
    squares, dim = task.squares(prototypes), query.shape[1]
    exact, sums = task.loss(-squares), F.one_hot(labels, ways).to(support).T @ support
    swapped = _Features(query, query_labels, support, labels, ways)
    of_query = F.cross_entropy(-squares, query_labels, reduction="none")
    of_class = torch.stack([of_query[query_labels == c].mean() for c in range(ways)])
    cosines = F.normalize(query, dim=1) @ F.normalize(prototypes, dim=1).T
    other_scores = {
        "the distance is not squared: the score is −‖q − p_c‖².": -squares.sqrt(),
        "the sign of the scores: the nearest prototype has the highest, so −‖q − p_c‖².": squares,
        "sum the squares over the features, do not average them.": -squares / dim,
        "these scores are cosines: take −‖q − p_c‖².": cosines,
        "these scores are products: take −‖q − p_c‖².": query @ prototypes.T,
        "`F.cross_entropy` takes the scores: no softmax before it.": (-squares).softmax(1),
    }
    other_prototypes = {
        "a prototype is the mean of its class, not the sum.": sums,
        "classes differ in size: divide by the number of items of each.": sums * ways / len(labels),
        "the items do not come class by class: use the labels.": support.reshape(
            ways, -1, dim
        ).mean(1),
        "the items do not come shot by shot: use the labels.": support.reshape(-1, ways, dim).mean(
            0
        ),
    }
    return {
        "the sign of the loss: it is minus the mean log-probability.": -exact,
        "take the mean over the queries, not their sum.": exact * len(query),
        "take one mean over all queries, not one of each class first.": of_class.mean(),
        "support and query are swapped.": swapped.loss(-swapped.squares(swapped.prototypes())),
        **{hint: task.loss(scores) for hint, scores in other_scores.items()},
        **{hint: task.loss(-task.squares(each)) for hint, each in other_prototypes.items()},
    }


def _gradient_mistake(loss: Tensor, exact: Tensor, leaves: Sequence[Tensor]) -> str | None:
    """What is wrong with the gradients of a loss that is right; None where nothing is."""
    if not loss.requires_grad:
        return "the loss is right, but it has no graph: a `detach`, `no_grad` or `.item()` cut it."
    gradients, right_gradients = (
        torch.autograd.grad(each, leaves, allow_unused=True, materialize_grads=True)
        for each in (loss, exact)
    )
    for name, gradient, right_gradient in zip(
        ("prototypes", "queries"), gradients, right_gradients, strict=True
    ):
        if not gradient.any():
            return f"the loss is right, but the {name} are detached: the encoder learns by them."
        if not is_same_answer(gradient, right_gradient, **_LOSS):
            return f"the loss is right, but not its gradient in the {name}: is a part detached?"
    return None


@self_check
def check_difference_over_splits(difference_over_splits: DifferenceOverSplits) -> Verdict:
    """Whether a function gives the difference of two methods with its interval over class splits.

    Args:
        difference_over_splits: the reader's.
    """
    return judged(
        "A class split counts once, however many seeds it has; each method is compared with the "
        "other on the same split.",
        (_difference_mistake(difference_over_splits, *sizes) for sizes in _COMPARISONS),
    )


def _difference_mistake(
    difference_over_splits: DifferenceOverSplits, splits: int, seeds: int, points: float
) -> str | None:
    drawn = generator("difference over splits", splits, seeds)

    def spread(*shape: int) -> Tensor:
        return torch.randn(shape, dtype=torch.float64, generator=drawn)

    other = 60 + 8 * spread(splits, 1) + spread(splits, seeds)  # some splits are harder to both
    one = other + points + 3 * spread(splits, 1) + spread(splits, seeds)
    answer = numbers(difference_over_splits(one.clone(), other.clone()), ("mean", "half_width"))
    return _mean_mistake(answer[0], one - other) or _half_width_mistake(answer[1], one, other)


def _mean_mistake(given: float, difference: Tensor) -> str | None:
    exact = difference.mean()
    likely = {
        "the sign: the mean is that of `one` less `other`.": -exact,
        "the accuracies are in per cent already: a difference is in points.": 100 * exact,
        "a difference is in points: leave out the division by 100.": exact / 100,
        "differences keep their signs: no `abs`.": difference.mean(1).abs().mean(),
        "that is the first seed alone: average over the seeds.": difference[:, 0].mean(),
        "take the mean over the splits, not their sum.": difference.mean(1).sum(),
    }
    way_on = f"the mean difference should be {exact:.3f} points, yours is {given:.3f}."
    return describe_mistake(given, exact, likely, way_on, **_DIFFERENCE)


def _half_width_mistake(given: float, one: Tensor, other: Tensor) -> str | None:
    from scipy.stats import t

    def quantile(values: int, share: float = 0.975) -> float:
        return float(t.ppf(share, values - 1))

    n, pairs = len(one), one.numel()
    exact = float(interval_over_tasks((one - other).mean(1)).half_width)
    error = exact / quantile(n)
    pooled = float((one - other).std()) / pairs**0.5
    unpaired = float((one.mean(1).var() + other.mean(1).var()) / n) ** 0.5
    unpaired_hint = "compare on the same split: take the differences first, then their spread"
    likely = {
        "that is the standard error: times the t quantile.": error,
        "1.96 is the normal quantile: for so few splits take Student's t.": NORMAL * error,
        "that is the whole width, from end to end.": 2 * exact,
        "that is the spread of one split: the mean of n is narrower by the root of n.": exact
        * n**0.5,
        "divide by the root of n, not by n.": exact / n**0.5,
        "the variance of few numbers is divided by n − 1, not n.": exact * ((n - 1) / n) ** 0.5,
        "the t quantile has n − 1 degrees of freedom, not n.": quantile(n + 1) * error,
        "2.5 % lie beyond each end: the quantile is that of 0.975.": quantile(n, 0.95) * error,
        "seeds of one split are not independent: average over them, then n counts splits.": pooled
        * quantile(pairs),
        "n counts splits, not splits and seeds, and the quantile is Student's t.": NORMAL * pooled,
        f"{unpaired_hint}.": quantile(n) * unpaired,
        f"{unpaired_hint}, with n − 1 degrees of freedom.": quantile(2 * n - 1) * unpaired,
        f"{unpaired_hint}, with Student's t.": NORMAL * unpaired,
    }
    way_on = (
        f"for {n} splits with {one.shape[1]} seeds the half-width should be {exact:.3f}, yours is "
        f"{given:.3f}: t quantile times standard deviation of the {n} differences over root {n}."
    )
    return describe_mistake(given, exact, likely, way_on, **_DIFFERENCE)


@self_check
def check_gain_from_peeking(
    gain: Callable[[Tensor, int], float], curves: Mapping[str, tuple[Tensor, int]]
) -> Verdict:
    """By how many points the best step of the test curve beats the chosen one.

    Args:
        gain: the reader's function of accuracies ``[episodes, steps + 1]`` and the chosen step.
        curves: such accuracies and the step chosen, by method, to say what it is here.
    """
    for shape in ((40, 6), (25, 9)):
        if hint := _gain_mistake(gain, *shape):
            return not_yet(hint)
    gains = (f"{name} {number(gain(*curve)):.2f}" for name, curve in curves.items())
    return right(f"In points: {', '.join(gains)}.")


def _gain_mistake(gain: Callable[[Tensor, int], float], episodes: int, steps: int) -> str | None:
    accuracy = torch.rand(episodes, steps, generator=generator("gain from peeking"))
    gains = [number(gain(accuracy, step)) for step in range(steps)]
    mean = 100 * accuracy.mean(0)
    exact = mean.max() - mean
    likely = {
        "that is a share; a point is a hundredth.": exact / 100,
        "the sign: the best step less the chosen one.": -exact,
        "that takes another step in each episode. Average over episodes, then choose.": 100
        * accuracy.amax(1).mean()
        - mean,
        "that compares with the last step; compare with the chosen one.": exact[-1].expand(steps),
    }
    way_on = "average over episodes; take the highest step, less the chosen step, times 100."
    # Within 0.001 points, whatever the size.
    return describe_mistake(gains, exact, likely, way_on, tolerance=1e-5, smallest_scale=100.0)
