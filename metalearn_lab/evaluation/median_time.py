"""The time of several computations, taken in turns, so that a busy moment hits all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from statistics import median
from typing import TypeVar

import torch

Key = TypeVar("Key", bound=Hashable)


def median_milliseconds(
    computations: Mapping[Key, Callable[[], object]], *, rounds: int = 3, warm: bool = False
) -> dict[Key, float]:
    """Run all computations once in every round and take the median time of each.

    Args:
        computations: by name; one on a CUDA device is waited for.
        rounds: how often each is run.
        warm: run it once more right before, not timed. Otherwise a short one may wait for memory
            that the computation before it has pushed out of the cache.

    Raises:
        ValueError: no round.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be 1 or more, got {rounds}")
    times: dict[Key, list[float]] = {name: [] for name in computations}
    for _ in range(rounds):
        for name, computation in computations.items():
            if warm:
                computation()
            times[name].append(_milliseconds(computation))
    return {name: median(milliseconds) for name, milliseconds in times.items()}


def _milliseconds(computation: Callable[[], object]) -> float:
    _finish()
    begun = time.perf_counter()
    computation()
    _finish()
    return 1000 * (time.perf_counter() - begun)


def _finish() -> None:
    """Wait for a CUDA device, if one has been used: what it was given to do is only queued."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
