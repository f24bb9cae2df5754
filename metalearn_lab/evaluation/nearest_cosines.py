"""The nearest sentence: a baseline that keeps every support item and trains nothing."""

from __future__ import annotations

import torch
from torch import Tensor


def nearest_cosines(support: Tensor, labels: Tensor, query: Tensor, ways: int) -> Tensor:
    """Cosine of each query with the nearest support item of each class.

    Args:
        support: vectors of length 1, ``[tasks, items, dim]``.
        labels: ``[tasks, items]``, each of 0, …, ways − 1 in every task.
        query: vectors of length 1, ``[tasks, queries, dim]``.
        ways: N.

    Returns:
        ``[tasks, queries, ways]``.
    """
    products = query @ support.mT
    by_class = [products.masked_fill(labels[:, None] != c, -2).amax(2) for c in range(ways)]
    return torch.stack(by_class, 2)
