"""Noisy points of lines from a normal prior, whose posterior is known exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

_BLOCK = 1024
"""Tasks drawn at once. Part of every task's address."""

WIDEST = 2.0
"""Inputs lie in [−2, 2], unless others are asked about."""


@dataclass(frozen=True)
class Lines:
    """Tasks y = b + w x + noise, addressable by index; b, w ~ N(0, 1) and x uniform in [−2, 2].

    Families that differ in these sizes alone have the same lines, and their points begin alike.

    Args:
        shots: K, points of a support split.
        queries: points of a query split, with noise as well.
        noise: σ, the standard deviation of the noise.
        asked: ends of the inputs of a query.
        split: name of the stream; other names give other tasks.
        seed: of the whole family.

    Raises:
        ValueError: fewer than one point, or a noise that is not positive.
    """

    shots: int = 20
    queries: int = 20
    noise: float = 0.3
    asked: tuple[float, float] = (-WIDEST, WIDEST)
    split: str = "train"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the sizes."""
        if min(self.shots, self.queries) < 1:
            raise ValueError(
                f"shots and queries must be 1 or more, got {self.shots} and {self.queries}"
            )
        if not 0 < self.noise < math.inf:
            raise ValueError(f"noise must be a positive number, got {self.noise}")

    def batch(self, first: int, count: int) -> Task:
        """Tasks ``first`` … ``first + count − 1``; ``x`` and ``y`` are ``[tasks, items, 1]``.

        Raises:
            ValueError: a negative index or no tasks.
        """
        if first < 0 or count < 1:
            raise ValueError(
                f"tasks are numbered from 0 and come at least one at a time, got {first=}, {count=}"
            )
        end = first + count
        blocks = range(first - first % _BLOCK, end, _BLOCK)
        parts = [[v[max(first - b, 0) : end - b] for v in _block(self, b)] for b in blocks]
        x, y = (torch.cat(values) for values in zip(*parts, strict=True))
        k = self.shots
        return Task(Split(x[:, :k], y[:, :k]), Split(x[:, k:], y[:, k:]))


@lru_cache(maxsize=4)
@one_thread()
def _block(family: Lines, first: int) -> tuple[Tensor, Tensor]:
    """X and y of all points of the tasks from ``first`` on."""
    numbers = generator("lines", family.seed, family.split, first // _BLOCK)
    line = torch.randn(2, _BLOCK, 1, 1, generator=numbers)
    # One point of all tasks after the other, so that more points change none before them.
    points = family.shots + family.queries
    drawn = [
        (torch.rand(_BLOCK, generator=numbers), torch.randn(_BLOCK, generator=numbers))
        for _ in range(points)
    ]
    uniform, normal = (torch.stack(each, 1)[..., None] for each in zip(*drawn, strict=True))
    left, right = family.asked
    x = torch.cat(
        [
            WIDEST * (2 * uniform[:, : family.shots] - 1),
            left + (right - left) * uniform[:, family.shots :],
        ],
        1,
    )
    return x, line[0] + line[1] * x + family.noise * normal
