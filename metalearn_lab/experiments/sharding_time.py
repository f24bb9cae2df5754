"""How long an outer step takes when its tasks are shared out to several processes (ranks)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple


class Network(NamedTuple):
    """What a message between two ranks costs: latency + numbers · per_number.

    Attributes:
        latency: ℓ, milliseconds of a message however short.
        per_number: c, milliseconds of each float32 in it.
    """

    latency: float
    per_number: float

    @classmethod
    def of_two_ranks(cls, milliseconds: Mapping[int, float]) -> Network:
        """ℓ and c from how long two ranks take for a short gradient and for a long one.

        Args:
            milliseconds: of an all-reduce, by the numbers in the gradient; two of them.

        Raises:
            ValueError: not two, or a time that is no positive number.
        """
        if len(milliseconds) != 2 or not all(0 < ms < math.inf for ms in milliseconds.values()):
            raise ValueError(f"ℓ and c take two positive times, got {dict(milliseconds)}")
        (few, short), (many, long) = sorted(milliseconds.items())
        per_number = max(long - short, 0.0) / (many - few)
        return cls(max(short - per_number * few, 0.0) / 2, per_number)

    def all_reduce(self, ranks: int, weights: float) -> float:
        """Milliseconds until every rank has the mean of all gradients, 2(P − 1)(ℓ + cW/P).

        In a ring each rank passes on P − 1 pieces of the sum, then P − 1 pieces of the result,
        and a piece holds W/P numbers (Patarasu and Yuan 2009).

        Args:
            ranks: P.
            weights: W, numbers in the gradient.
        """
        return 2 * (ranks - 1) * (self.latency + self.per_number * weights / ranks)


class ShardingTime(NamedTuple):
    """The model T(P) = s + (B/P)·w + 2(P − 1)(ℓ + cW/P).

    Attributes:
        tasks: B, in the meta-batch.
        work: w, milliseconds of a task on one rank.
        fixed: s, milliseconds that every rank spends whatever its share, such as starting the
            operations and the outer optimiser.
        weights: W.
        network: between the ranks.
    """

    tasks: int
    work: float
    fixed: float
    weights: float
    network: Network

    def milliseconds(self, ranks: int) -> float:
        """T(P), of one outer step."""
        return self.fixed + self.own_tasks(ranks) + self.network.all_reduce(ranks, self.weights)

    def own_tasks(self, ranks: int) -> float:
        """Milliseconds of a rank's own tasks, the part that is shared out."""
        return self.tasks * self.work / ranks

    def speed_up(self, ranks: int) -> float:
        """T(1) / T(P)."""
        return self.milliseconds(1) / self.milliseconds(ranks)

    @property
    def ceiling(self) -> float:
        """Amdahl's law: no number of ranks is faster than T(1)/s, even with a free network."""
        return self.milliseconds(1) / self.fixed if self.fixed else float("inf")

    @property
    def best_ranks(self) -> float:
        """Where T is least, as if P were a real number: √((Bw − 2cW) / 2ℓ), at least 1.

        Beyond it the messages of another rank take longer than the tasks it takes over.
        """
        gain = self.tasks * self.work - 2 * self.network.per_number * self.weights
        if not self.network.latency:
            return float("inf") if gain > 0 else 1.0
        return math.sqrt(max(gain / (2 * self.network.latency), 1.0))
