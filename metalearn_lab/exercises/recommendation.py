"""Self-checks of chapter 17: a new user's ridge fit, and the nDCG of one ranking."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.seeds import generator

NewUser = Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]
"""Features ``[items, d]``, popularity, rated items, ratings and penalty to all predictions."""

Ndcg = Callable[[Tensor, Tensor, int], object]
"""Relevances, scores and the number of places to the nDCG."""


@self_check
def check_new_user_ratings(answer: NewUser) -> Verdict:
    """Check the predictions for several users, of whom the last has rated nothing."""
    return judged(
        "A few ratings move every item that has like features.",
        (_user_mistake(answer, i, *user) for i, user in enumerate(_USERS)),
    )


@self_check
def check_my_ndcg(answer: Ndcg) -> Verdict:
    """Check the nDCG of several rankings, with the gain 2^relevance − 1."""
    return judged(
        "Every ranking has its nDCG, and the best order has 1.",
        (_mistake(answer, i, items, at) for i, (items, at) in enumerate(_SIZES)),
    )


_USERS = ((7, 3, 5, 1.0), (9, 4, 2, 3.0), (6, 3, 1, 0.3), (8, 4, 0, 1.0))
"""Items, numbers of an item, ratings of the user and penalty."""


def _user_mistake(
    answer: NewUser, seed: int, items: int, width: int, shots: int, penalty: float
) -> str | None:
    numbers = generator("new user exercise", seed)
    features = torch.randn(items, width, generator=numbers, dtype=torch.float64)
    features[:, 0] = 1.0
    popularity = 2 + 2 * torch.rand(items, generator=numbers, dtype=torch.float64)
    rated = torch.randperm(items, generator=numbers)[:shots]
    ratings = torch.randint(1, 6, (shots,), generator=numbers).double()
    x = features[rated]

    def fitted(targets: Tensor, size: float) -> Tensor:
        gram = x.T @ x + size * torch.eye(width, dtype=torch.float64)
        predicted: Tensor = features @ (torch.linalg.pinv(gram) @ x.T @ targets)
        return predicted

    rest = ratings - popularity[rated]
    own = fitted(rest, penalty)
    exact = popularity + own
    given = tensor(answer(features, popularity, rated, ratings, penalty), (items,))
    likely = {
        "this is the popularity alone; the user's ratings are not used.": popularity,
        "fit what the popularity leaves of the ratings, not the ratings themselves.": popularity
        + fitted(ratings, penalty),
        "add the popularity to what the linear model gives.": own,
        "the popularity is missing: fit what it leaves of the ratings, then add it again.": fitted(
            ratings, penalty
        ),
        "the penalty is missing.": popularity + fitted(rest, 0.0),
        "the squares are summed, not averaged, before the penalty is added.": popularity
        + fitted(rest, shots * penalty),
        "the sign is turned: fit ratings less popularity.": popularity - own,
    }
    other = f"user {seed + 1}: the predictions are off by up to {(given - exact).abs().max():.6f}."
    hints = likely if shots else {}
    return describe_mistake(given, exact, hints, other)


_SIZES = ((6, 3), (8, 5), (5, 5), (9, 1), (4, 10))
"""Items of a ranking and places that count; the last has fewer items than places."""


def _ndcg(relevance: Tensor, scores: Tensor, at: int, way: str = "") -> Tensor:
    """The right number, or that of a likely mistake."""
    gains = relevance if way == "linear" else 2**relevance - 1
    if way == "every place":
        at = len(relevance)
    order = scores.argsort(descending=way != "ascending")
    ranked, best = gains[order], gains.sort(descending=True).values
    if way == "best of these":
        best = ranked[:at].sort(descending=True).values
    places = torch.arange(1, len(gains) + 1, dtype=torch.float64)
    discount = (places + 1).log2()
    if way == "no discount":
        discount = torch.ones_like(places)
    if way == "log of the place":
        discount = places.log2().clamp(min=1.0)
    dcg, ideal = ((each / discount[: len(each)])[:at].sum() for each in (ranked, best))
    return dcg if way == "not divided" else dcg / ideal


_MISTAKES = {
    "linear": "this is the nDCG with linear gain; the gain asked for is 2^relevance − 1.",
    "ascending": "the smallest score stands first; sort in descending order.",
    "every place": "all places count; only the first `at` should.",
    "best of these": "the best order takes its items from the first places alone; it may choose "
    "among all items.",
    "log of the place": "the discount of place p is log₂ p; it should be log₂(p + 1).",
    "no discount": "every place counts alike; divide by log₂(p + 1).",
    "not divided": "this is the DCG; divide it by the DCG of the best order.",
}


def _mistake(answer: Ndcg, seed: int, items: int, at: int) -> str | None:
    numbers = generator("ndcg exercise", seed)
    relevance = torch.randint(0, 5, (items,), generator=numbers).double()
    relevance[0] = 3.0  # so that one item is relevant
    scores = torch.randn(items, generator=numbers, dtype=torch.float64)
    scores[0] = scores.min() - 1
    given, exact = number(answer(relevance, scores, at)), _ndcg(relevance, scores, at).item()
    likely = {hint: _ndcg(relevance, scores, at, way).item() for way, hint in _MISTAKES.items()}
    other = f"the nDCG of ranking {seed + 1} should be {exact:.6f}, yours is {given:.6f}."
    return describe_mistake(given, exact, likely, other)
