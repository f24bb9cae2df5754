"""Linear regression tasks y = w·x, from a normal prior of w or from a pool of a few w."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

_BLOCK = 1024
"""Tasks drawn at once. Part of every task's address."""

MOST_POOL = 4096
"""Weights in the list that pools are the beginning of."""


@dataclass(frozen=True)
class LinearTasks:
    """Tasks y = w·x without intercept, addressable by index; x is standard normal.

    Support targets have noise; query targets have none, so that an error of 0 can be had.

    Args:
        shots: N, points of a support split.
        queries: points of a query split.
        dim: d, numbers of x.
        noise: standard deviation of the noise.
        pool: 0 for w ~ N(0, I); else M, and w is one of the first M draws of a fixed list. A
            larger pool holds every smaller one, in every stream.
        split: name of the stream; other names give other tasks.
        seed: of the whole family.

    Raises:
        ValueError: a size below 1, a pool below 0 or above ``MOST_POOL``, or noise that is
            negative or not finite.
    """

    shots: int = 10
    queries: int = 10
    dim: int = 1
    noise: float = 0.0
    pool: int = 0
    split: str = "train"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the sizes."""
        if min(self.shots, self.queries, self.dim) < 1 or not 0 <= self.pool <= MOST_POOL:
            raise ValueError(
                f"shots, queries and dim must be 1 or more and pool 0 to {MOST_POOL}, got "
                f"{self.shots}, {self.queries}, {self.dim} and {self.pool}"
            )
        if not 0 <= self.noise < float("inf"):
            raise ValueError(f"noise must be 0 or a positive number, got {self.noise}")

    def pool_weights(self) -> Tensor:
        """The M weights of the pool, ``[M, d]``.

        Raises:
            ValueError: the tasks come from the prior.
        """
        if not self.pool:
            raise ValueError("these tasks come from the prior: there is no pool, give pool=M")
        numbers = generator("linear pool", self.seed)
        return torch.randn(MOST_POOL, self.dim, generator=numbers)[: self.pool]

    def batch(self, first: int, count: int) -> Task:
        """Tasks ``first`` … ``first + count − 1``; x is ``[tasks, items, d]``.

        Raises:
            ValueError: a negative index or no tasks.
        """
        if first < 0 or count < 1:
            raise ValueError(
                f"tasks are numbered from 0 and come at least one at a time, got {first=}, {count=}"
            )
        blocks = range(first // _BLOCK, (first + count - 1) // _BLOCK + 1)
        skipped = first - blocks[0] * _BLOCK
        parts = zip(*(_block(self, block) for block in blocks), strict=True)
        x, y = (torch.cat(part)[skipped : skipped + count] for part in parts)
        k = self.shots
        return Task(Split(x[:, :k], y[:, :k]), Split(x[:, k:], y[:, k:]))


@lru_cache(maxsize=4)
@one_thread()
def _block(family: LinearTasks, block: int) -> tuple[Tensor, Tensor]:
    """X ``[tasks, items, d]`` and y of one block, the support's points first."""
    numbers = generator("linear tasks", family.seed, family.split, block)
    weights = torch.randn(_BLOCK, family.dim, generator=numbers)
    if family.pool:
        place = torch.randint(family.pool, (_BLOCK,), generator=numbers)
        weights = family.pool_weights()[place]
    items = family.shots + family.queries
    x = torch.randn(_BLOCK, items, family.dim, generator=numbers)
    y = x @ weights[:, :, None]
    y[:, : family.shots] += family.noise * torch.randn(_BLOCK, family.shots, 1, generator=numbers)
    return x, y
