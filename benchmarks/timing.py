"""Interleaved timing: every variant has its turn in every round, so noise meets them alike."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

from benchmarks.running import Running, Variant

BLOCK_SECONDS = 0.3
WORTH_A_WARM_UP = 0.05


@dataclass
class Contestant:
    """A variant that runs, and what was measured of it.

    Attributes:
        variant: what it is.
        running: what was built.
        first_call: seconds from the start of building to the end of the first step.
        error: of its result, relative.
        block: steps in a round.
        milliseconds: of one step, by round of the last turns.
    """

    variant: Variant
    running: Running
    first_call: float
    error: float = float("nan")
    block: int = 1
    milliseconds: list[float] = field(default_factory=list)


def first_call(variant: Variant) -> tuple[Running, float]:
    """Build a variant and run its first step; the seconds of both together."""
    start = time.perf_counter()
    running = variant.build(torch.float32)
    running.steps(variant.grain)
    return running, time.perf_counter() - start


def block_of(variant: Variant, running: Running) -> int:
    """How many steps fill a round's block."""
    one = min(seconds(running, variant.grain) for _ in range(2)) / variant.grain
    return max(1, round(BLOCK_SECONDS / one / variant.grain)) * variant.grain


def take_turns(contestants: Sequence[Contestant], budget: float, most: int = 15) -> None:
    """Rounds A, B, C, A, B, C, …: at least 5 of them, more while the budget lasts.

    Args:
        contestants: whose ``milliseconds`` begin anew and grow by one number a round.
        budget: seconds.
        most: rounds.
    """
    for contestant in contestants:
        contestant.block = block_of(contestant.variant, contestant.running)
        contestant.milliseconds = []
    end = time.perf_counter() + budget
    for turn in range(most):
        if turn >= 5 and time.perf_counter() > end:
            return
        for contestant in contestants:
            contestant.milliseconds.append(one_turn(contestant))


def one_turn(contestant: Contestant) -> float:
    """Milliseconds of a step in one block; quick steps are warmed up again before it."""
    variant, running, block = contestant.variant, contestant.running, contestant.block
    if block * WORTH_A_WARM_UP > BLOCK_SECONDS:
        running.steps(variant.grain)
    return 1000 * seconds(running, block) / block


def seconds(running: Running, count: int) -> float:
    """How long so many steps take."""
    start = time.perf_counter()
    running.steps(count)
    return time.perf_counter() - start


@contextmanager
def intra_op_threads(count: int | None) -> Iterator[None]:
    """Torch's threads inside one operation, for a while; all cores when None."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
