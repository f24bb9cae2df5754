"""How good a ranking is: normalised discounted cumulative gain, and the rank of what is right."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Gain = Literal["exponential", "linear"]
"""2^relevance − 1, or the relevance itself."""


def ndcg(relevance: Tensor, scores: Tensor, at: int, gain: Gain = "exponential") -> Tensor:
    """NDCG of the first places of rankings, between 0 and 1; 1 is the best order.

    DCG = Σ_p gain(relevance of the item in place p) / log₂(p + 1), over p = 1, …, ``at``; nDCG
    divides it by the DCG of the best order. Items with equal scores share their places.

    Args:
        relevance: at least 0, ``[rankings, items]``.
        scores: whose descending order is judged, ``[rankings, items]``.
        at: how many places count.
        gain: two definitions are in use, and their numbers differ.

    Returns:
        float64 ``[rankings]``; NaN where no item is relevant.

    Raises:
        ValueError: shapes differ, there are fewer than two items, a number is not finite, a
            relevance is negative, ``at`` is below 1, or the gain is unknown.

    Source: Järvelin and Kekäläinen, TOIS 2002 (linear); Burges et al., ICML 2005 (exponential).
    """
    from sklearn.metrics import ndcg_score

    if relevance.ndim != 2 or relevance.shape != scores.shape or relevance.shape[1] < 2:
        raise ValueError(
            "relevance and scores must both be [rankings, items] with two items or more, got "
            f"{list(relevance.shape)} and {list(scores.shape)}"
        )
    if not (relevance.isfinite().all() and scores.isfinite().all()) or (relevance < 0).any():
        raise ValueError("relevance and scores must be finite, and no relevance below 0")
    if at < 1:
        raise ValueError(f"at is a number of places, 1 or more, got {at}")
    if gain not in ("exponential", "linear"):
        raise ValueError(f"unknown gain {gain!r}: use 'exponential' or 'linear'")
    gains = relevance.double().cpu()
    if gain == "exponential":
        gains = 2**gains - 1
    given = scores.double().cpu()
    rows = [
        ndcg_score(true[None].numpy(), score[None].numpy(), k=at) if true.any() else float("nan")
        for true, score in zip(gains, given, strict=True)
    ]
    return torch.tensor(rows, dtype=torch.float64)


def ranks_of(scores: Tensor, right: Tensor) -> Tensor:
    """Rank of the right candidate of each question, ``[questions]``; 1 is the best.

    Candidates with the same score share the mean of their ranks, so that scores that are all
    alike are worth no more than chance.

    Args:
        scores: ``[questions, candidates]``.
        right: number of the right candidate, ``[questions]``.

    Raises:
        ValueError: a score is NaN, and so has no rank.
    """
    if scores.isnan().any():
        raise ValueError("a score is NaN, so nothing can be ranked by it; see what computed it")
    own = scores.gather(1, right[:, None])
    above, level = (scores > own).sum(1), (scores == own).sum(1)
    return above + (level + 1) / 2
