"""Self-checks of chapter 21: ridge regression towards a prior, and the mean reciprocal rank."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.seeds import generator

PulledRidge = Callable[[Tensor, Tensor, Tensor, float], Tensor]
"""Items ``[n, d]``, targets ``[n, classes]``, prior ``[d, classes]`` and penalty to weights."""

MeanReciprocalRank = Callable[[Tensor, Tensor], object]
"""Scores ``[questions, candidates]`` and right candidates ``[questions]`` to a number."""


@self_check
def check_pulled_ridge(answer: PulledRidge) -> Verdict:
    """Check the weights on several tasks, with fewer and with more items than features."""
    return judged(
        "Few examples: near the prior. Many: near the least squares of the new task.",
        (_ridge_mistake(answer, seed, *task) for seed, task in enumerate(_TASKS)),
    )


@self_check
def check_my_mrr(answer: MeanReciprocalRank) -> Verdict:
    """Check the mean reciprocal rank of several tables of scores."""
    return judged(
        "A right answer in first place counts 1, in second place 1/2, in third place 1/3.",
        (
            _rank_mistake(answer, seed, *sizes)
            for seed, sizes in enumerate(((3, 5), (6, 4), (8, 9)))
        ),
    )


_TASKS = ((3, 5, 2, 1.0), (12, 4, 3, 0.3), (1, 3, 2, 10.0))
"""Items, features, classes and penalty."""


def _ridge_mistake(
    answer: PulledRidge, seed: int, items: int, width: int, classes: int, penalty: float
) -> str | None:
    numbers = generator("ridge towards a prior", seed)
    x, y, prior = (
        torch.randn(shape, generator=numbers, dtype=torch.float64)
        for shape in ((items, width), (items, classes), (width, classes))
    )

    def solved(targets: Tensor, size: float, start: Tensor) -> Tensor:
        inside = x.T @ x + size * torch.eye(width, dtype=torch.float64)
        weights: Tensor = torch.linalg.pinv(inside) @ (x.T @ targets + size * start)
        return weights

    none = torch.zeros_like(prior)
    exact = solved(y, penalty, prior)
    given = tensor(answer(x, y, prior, penalty), (width, classes))
    likely = {
        "these are the weights of plain ridge; the penalty pulls towards 0, not the prior.": solved(
            y, penalty, none
        ),
        "this is the prior itself; the task's items are not used.": prior,
        "this is what must be added to the prior: W = prior + change.": exact - prior,
        "the prior is added, but the targets still hold what it explains already: fit "
        "y − x @ prior.": prior + solved(y, penalty, none),
        "the squares are summed over the items, not averaged.": solved(y, items * penalty, prior),
        "the penalty is missing before the prior: (XᵀX + λI) W = XᵀY + λ · prior.": solved(
            y, penalty, prior / penalty
        ),
        "the sign is turned: the penalty pulls towards +prior.": solved(y, penalty, -prior),
    }
    other = f"task {seed + 1}: the weights are off by up to {(given - exact).abs().max():.6f}."
    if penalty == 1:
        likely = {hint: wrong for hint, wrong in likely.items() if "missing before" not in hint}
    return describe_mistake(given, exact, likely, other)


def _rank_mistake(
    answer: MeanReciprocalRank, seed: int, questions: int, candidates: int
) -> str | None:
    numbers = generator("mean reciprocal rank", seed)
    scores = torch.randn(questions, candidates, generator=numbers, dtype=torch.float64)
    right = torch.randint(candidates, (questions,), generator=numbers)
    own = scores.gather(1, right[:, None])
    rank = 1 + (scores > own).sum(1).double()
    exact = (1 / rank).mean()
    given = number(answer(scores, right))
    likely = {
        "this is recall@1, the share in first place.": (rank == 1).double().mean(),
        "take the mean of 1/rank, not 1 over the mean rank.": 1 / rank.mean(),
        "this is the mean rank; take 1/rank before the mean.": rank.mean(),
        "ranks begin at 1: the best candidate has rank 1, not 0.": (1 / (1 + rank)).mean(),
        "the highest score has rank 1; yours are counted from the lowest.": (
            1 / (candidates + 1 - rank)
        ).mean(),
        "take the mean over the questions, not the sum.": (1 / rank).sum(),
    }
    other = (
        f"table {seed + 1}: the mean reciprocal rank should be {exact:.6f}, yours is {given:.6f}."
    )
    return describe_mistake(given, exact, likely, other)
