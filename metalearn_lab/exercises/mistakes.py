"""Recognise a likely mistake by the number that it leads to."""

from __future__ import annotations

from collections.abc import Mapping

CLOSE = 1e-6
"""Relative difference (below 1, absolute) within which two numbers are the same answer."""


def likely_mistake(given: float, likely: Mapping[str, float], close: float = CLOSE) -> str | None:
    """The first mistake that leads to the given number, or None.

    Args:
        given: the reader's number.
        likely: numbers by the mistake, in words, that leads to them.
        close: as for ``near``.
    """
    return next((text for text, value in likely.items() if near(given, value, close)), None)


def near(one: float, other: float, close: float = CLOSE) -> bool:
    """Whether two numbers are the same answer; NaN is no answer, and near to nothing."""
    return abs(one - other) <= close * max(1.0, abs(other))
