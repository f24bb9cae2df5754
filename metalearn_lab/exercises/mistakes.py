"""Recognise a likely mistake by the number, or the numbers, that it leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

Answer = float | Sequence[float] | Tensor
"""One number, or several in a list or a tensor."""

CLOSE = 1e-6
"""Relative difference (below 1, absolute) within which two numbers are the same answer."""


def mistake(
    given: Answer,
    exact: Answer,
    likely: Mapping[str, Answer],
    otherwise: str,
    close: float = CLOSE,
    least: float = 1.0,
) -> str | None:
    """What is wrong with an answer, in words; None where it is right.

    Args:
        given: the reader's.
        exact: the right one, of the same shape.
        likely: wrong answers by the mistake, in words, that leads to them.
        otherwise: what to say of any other answer.
        close: as for ``near``.
        least: as for ``near``.
    """
    if near(given, exact, close, least):
        return None
    return likely_mistake(given, likely, close, least) or otherwise


def likely_mistake(
    given: Answer, likely: Mapping[str, Answer], close: float = CLOSE, least: float = 1.0
) -> str | None:
    """The first mistake that leads to the given answer, or None; arguments as for ``mistake``."""
    return next((hint for hint, wrong in likely.items() if near(given, wrong, close, least)), None)


def near(one: Answer, other: Answer, close: float = CLOSE, least: float = 1.0) -> bool:
    """Whether two answers are the same in every number; NaN is near to nothing.

    Args:
        one: compared with the other.
        other: of the same shape.
        close: largest difference, relative to a number of the other.
        least: for numbers smaller than this the difference is relative to it.
    """
    one, other = (torch.as_tensor(answer, dtype=torch.float64) for answer in (one, other))
    return bool(((one - other).abs() <= close * other.abs().clamp(min=least)).all())
