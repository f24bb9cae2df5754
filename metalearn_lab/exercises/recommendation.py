"""Self-check of lab 3 of chapter 12: the normalised discounted cumulative gain of one ranking."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.seeds import generator

Ndcg = Callable[[Tensor, Tensor, int], object]
"""Relevances, scores and the number of places to the nDCG."""


@self_check
def check_my_ndcg(answer: Ndcg) -> Verdict:
    """Check the nDCG of several rankings, with the gain 2^relevance − 1."""
    return judged(
        "Every ranking has its nDCG, and the best order has 1.",
        (_mistake(answer, i, items, at) for i, (items, at) in enumerate(_SIZES)),
    )


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
