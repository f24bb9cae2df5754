"""What a method may choose from, and as many random trials of it for every method."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from metalearn_lab.tasks.seeds import generator


class Range(Protocol):
    """A range that a setting is drawn from."""

    def at(self, share: float) -> Any:
        """The value below which this share of the draws lie, 0 ≤ share < 1."""


@dataclass(frozen=True)
class LogUniform:
    """Numbers whose logarithm is uniform, as for rates and penalties.

    Attributes:
        low: the smallest.
        high: the largest.

    Raises:
        ValueError: not 0 < low < high.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        """Check the ends."""
        if not 0 < self.low < self.high < math.inf:
            raise ValueError(f"a log-uniform range needs 0 < low < high, got {self}")

    def at(self, share: float) -> float:
        """Low · (high / low)^share, to three digits."""
        return float(f"{self.low * (self.high / self.low) ** share:.3g}")


@dataclass(frozen=True)
class OneOf:
    """One of some values, each as likely.

    Attributes:
        values: two or more.

    Raises:
        ValueError: fewer than two values.
    """

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        """Check that there is a choice."""
        if len(self.values) < 2:
            raise ValueError(f"a choice needs two values or more, got {self.values}")

    def at(self, share: float) -> Any:
        """The value at this share of the list."""
        return self.values[int(share * len(self.values))]


def draw_trials(ranges: Mapping[str, Range], count: int, name: str) -> list[dict[str, Any]]:
    """Random settings, the same ones every time for a name.

    Every setting on its own takes one value from each of ``count`` equal shares of its range, in
    an order of its own (a Latin hypercube), so that few trials still reach all of a range.

    Args:
        ranges: by the name of the setting; where there are none, there is one trial, ``{}``.
        count: how many trials.
        name: of the method.

    Raises:
        ValueError: fewer than one trial.

    Source: Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 2012, also
    for Latin hypercubes (section 4).
    """
    if count < 1:
        raise ValueError(f"a choice needs one trial or more, got {count}")
    if not ranges:
        return [{}]
    columns = {}
    for setting, of in ranges.items():
        numbers = generator("trials", name, setting, count)
        order = torch.randperm(count, generator=numbers).double()  # a float could round up to 1
        shares = (order + torch.rand(count, generator=numbers)) / count
        columns[setting] = [of.at(share) for share in shares.tolist()]
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
