"""Sinusoid regression: the task family on which MAML was introduced."""

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
"""Tasks drawn at once. Part of every task's address: another number gives other tasks."""


@dataclass(frozen=True)
class Sinusoids:
    """Tasks y = A·sin(x − p), addressable by index.

    Amplitude A ∈ U[0.1, 5], phase p ∈ U[0, π], inputs x ∈ U[−5, 5] (Finn et al. 2017, section
    5.1). Families that differ in ``shots`` or ``queries`` alone have the same curves, and each
    task's inputs begin alike.

    Args:
        shots: K, items of a support split.
        queries: items of a query split.
        split: name of the stream, e.g. ``"train"``; other names give other tasks.
        seed: of the whole family.

    Raises:
        ValueError: ``shots`` or ``queries`` below 1.
    """

    shots: int = 10
    queries: int = 10
    split: str = "train"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the sizes."""
        if self.shots < 1 or self.queries < 1:
            raise ValueError(
                f"shots and queries must be 1 or more, got {self.shots} and {self.queries}"
            )

    def batch(self, first: int, count: int) -> Task:
        """Tasks ``first`` … ``first + count − 1``; ``x`` and ``y`` are ``[tasks, items, 1]``.

        The task at an index is the same whichever batch it is asked in. The tensors are the
        caller's own, to write into at will.

        Raises:
            ValueError: a negative index or no tasks.
        """
        _, _, support_x, support_y, query_x, query_y = self._copied(first, count)
        return Task(Split(support_x, support_y), Split(query_x, query_y))

    def curves(self, first: int, count: int) -> tuple[Tensor, Tensor]:
        """Amplitudes and phases ``[tasks]`` (phase in radians) of the same tasks."""
        amplitude, phase, *_ = self._copied(first, count)
        return amplitude, phase

    def _copied(self, first: int, count: int) -> list[Tensor]:
        """What ``_block`` gives, of a run of tasks, copied out of the blocks that hold it."""
        if first < 0 or count < 1:
            raise ValueError(
                f"tasks are numbered from 0 and come at least one at a time, got first={first}, "
                f"count={count}"
            )
        end, dtype = first + count, torch.get_default_dtype()
        pieces = [
            [values[max(first - start, 0) : end - start] for values in _block(self, start, dtype)]
            for start in range(first - first % _BLOCK, end, _BLOCK)
        ]
        return [torch.cat(values) for values in zip(*pieces, strict=True)]


@lru_cache(maxsize=4)
@one_thread()
def _block(family: Sinusoids, first: int, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Amplitude, phase, support x and y, query x and y of the tasks from ``first`` on.

    One item of all tasks is drawn after the other, so that more items change none before them.
    """
    numbers = torch.rand(
        (2 + family.shots + family.queries, _BLOCK),
        generator=generator("sinusoid", family.seed, family.split, first // _BLOCK),
        dtype=dtype,
        device="cpu",
    )
    amplitude, phase = 0.1 + 4.9 * numbers[0], math.pi * numbers[1]
    x = ((numbers[2:].T - 0.5) * 10)[..., None].contiguous()
    y = amplitude[:, None, None] * torch.sin(x - phase[:, None, None])
    k = family.shots
    items = (x[:, :k], y[:, :k], x[:, k:], y[:, k:])
    return amplitude, phase, *(values.contiguous() for values in items)
