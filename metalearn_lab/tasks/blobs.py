"""Classes that are round clouds of points: episodes that a small network learns in seconds."""

from __future__ import annotations

import torch

from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

_SPREAD = 0.7  # of the centres; the points of a class have 1


def blob_episodes(
    address: int | str,
    count: int,
    *,
    ways: int = 5,
    shots: int = 5,
    queries: int = 10,
    features: int = 20,
    seed: int = 0,
) -> Task:
    """Episodes in which each class is a normal cloud around a centre of its own.

    Args:
        address: another address, other classes.
        count: of episodes.
        ways: N.
        shots: K.
        queries: Q of each class.
        features: of a point.
        seed: of all addresses.

    Returns:
        Points ``[count, items, features]``, one class after the other, and labels
        ``[count, items]``.

    Raises:
        ValueError: a size below 1.
    """
    if min(count, ways, shots, queries, features) < 1:
        raise ValueError(
            "episodes, ways, shots, queries and features must be 1 or more, got "
            f"{count=}, {ways=}, {shots=}, {queries=}, {features=}"
        )
    numbers = generator("blobs", seed, address)
    centres = _SPREAD * torch.randn(count, ways, 1, features, generator=numbers)
    labels = torch.arange(ways)
    sides = []
    for items in (shots, queries):
        points = centres + torch.randn(count, ways, items, features, generator=numbers)
        sides.append(Split(points.flatten(1, 2), labels.repeat_interleave(items).repeat(count, 1)))
    return Task(*sides)
