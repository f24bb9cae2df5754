"""An alarm on a stream: the cumulative sum of what is above the usual (Page 1954)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def cumulative_sums(values: Sequence[float], allowance: float) -> list[float]:
    """S_t = max(0, S_{t−1} + x_t − k), from S_0 = 0.

    Args:
        values: x_1, x_2, …
        allowance: k, what is not counted.

    Source: Page, "Continuous inspection schemes", Biometrika 1954.
    """
    sums, total = [], 0.0
    for value in values:
        total = max(0.0, total + value - allowance)
        sums.append(total)
    return sums


def first_alarm(sums: Sequence[float], bar: float) -> int | None:
    """The number of values until the sum first reaches the bar h; None if it never does."""
    return next((i for i, total in enumerate(sums, 1) if total >= bar), None)


def alarms(values: Sequence[float], allowance: float, bar: float) -> list[int]:
    """After how many values each alarm comes; after an alarm the sum begins again at 0."""
    found, total = [], 0.0
    for i, value in enumerate(values, 1):
        total = max(0.0, total + value - allowance)
        if total >= bar:
            found.append(i)
            total = 0.0
    return found


def mean_run_length(chances: Mapping[int, float], allowance: int, bar: int) -> float:
    """The mean number of values until the alarm, exactly: of a Markov chain with ``bar`` states.

    Values, allowance and bar are whole numbers of one unit. With Q the chances of steps between
    sums below the bar, the mean numbers are (I − Q)⁻¹ 1.

    Args:
        chances: of each value, independent from one to the next; they sum to 1.
        allowance: k.
        bar: h, 1 or more.

    Returns:
        From a sum of 0; infinite where no value is above the allowance.

    Raises:
        ValueError: chances that do not sum to 1 or are negative, or a bar below 1.

    Source: Brook and Evans, "An approach to the probability distribution of CUSUM run length",
    Biometrika 1972.
    """
    if bar < 1 or min(chances.values()) < 0 or abs(sum(chances.values()) - 1) > 1e-9:
        raise ValueError(
            f"a bar of 1 or more and chances that sum to 1 are needed, got {bar} and {chances}"
        )
    if not any(chance > 0 and value > allowance for value, chance in chances.items()):
        return float("inf")
    steps = np.zeros((bar, bar))
    for total in range(bar):
        for value, chance in chances.items():
            after = max(0, total + value - allowance)
            if after < bar:
                steps[total, after] += chance
    return float(np.linalg.solve(np.eye(bar) - steps, np.ones(bar))[0])
