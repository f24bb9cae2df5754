"""Sinusoid regression: the task family on which MAML was introduced."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task


@dataclass(frozen=True)
class Sinusoids:
    """Tasks y = A·sin(x − p), addressable by index.

    Amplitude A ∈ U[0.1, 5], phase p ∈ U[0, π], inputs x ∈ U[−5, 5] (Finn et al. 2017, section
    5.1).

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

        Batches do not overlap in their random numbers: the task at an index is the same whichever
        batch it is asked in.

        Raises:
            ValueError: a negative index or no tasks.
        """
        numbers = self._numbers(first, count)
        amplitude, phase = self._curves(numbers)
        x = (numbers[:, 2:, None] - 0.5) * 10
        y = amplitude[:, None, None] * torch.sin(x - phase[:, None, None])
        return Task(
            Split(x[:, : self.shots], y[:, : self.shots]),
            Split(x[:, self.shots :], y[:, self.shots :]),
        )

    def curves(self, first: int, count: int) -> tuple[Tensor, Tensor]:
        """Amplitudes and phases ``[tasks]`` (phase in radians) of the same tasks."""
        return self._curves(self._numbers(first, count))

    def _curves(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        return 0.1 + 4.9 * numbers[:, 0], math.pi * numbers[:, 1]

    def _numbers(self, first: int, count: int) -> Tensor:
        if first < 0 or count < 1:
            raise ValueError(
                f"tasks are numbered from 0 and come at least one at a time, got first={first}, "
                f"count={count}"
            )
        width = 2 + self.shots + self.queries
        return torch.stack([self._row(index, width) for index in range(first, first + count)])

    def _row(self, index: int, width: int) -> Tensor:
        address = ("sinusoid", self.seed, self.split, index)
        return torch.rand(width, generator=generator(*address))
