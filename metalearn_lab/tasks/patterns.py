"""Few-shot pictures of nothing: every class is a pattern of noise, every item a noisy copy."""

from __future__ import annotations

import torch

from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

_SIZE = 28


def noisy_patterns(count: int, address: int, *, ways: int = 5, queries: int = 3) -> Task:
    """One-shot episodes that a small convolutional network can learn from, without any data.

    Args:
        count: of episodes.
        address: another address, other patterns; no two episodes share one.
        ways: classes of an episode.
        queries: of each class; the query items go through the classes again and again.

    Returns:
        Pictures ``[count, items, 1, 28, 28]`` with their labels ``[count, items]``.

    Raises:
        ValueError: a count below 1.
    """
    if min(count, ways, queries) < 1:
        raise ValueError(
            f"episodes, ways and queries must be 1 or more, got {count=}, {ways=}, {queries=}"
        )
    numbers = generator("pictures", address)
    pattern = torch.randn(count, ways, 1, _SIZE, _SIZE, generator=numbers)
    labels = torch.arange(ways).expand(count, ways)
    repeated = pattern.repeat(1, queries, 1, 1, 1)
    support, query = (x + torch.randn(x.shape, generator=numbers) for x in (pattern, repeated))
    return Task(Split(support, labels), Split(query, labels.repeat(1, queries)))
