"""Recognise a likely mistake by the number, or the numbers, that it leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

Answer = float | Sequence[float] | Tensor
"""One number, or several in a list or a tensor."""

TOLERANCE = 1e-6
"""Relative difference (below 1, absolute) within which two numbers are the same answer."""


def describe_mistake(
    answer: Answer,
    right_answer: Answer,
    answer_by_hint: Mapping[str, Answer],
    other_hint: str,
    tolerance: float = TOLERANCE,
    smallest_scale: float = 1.0,
) -> str | None:
    """What is wrong with an answer, in words; None where it is right.

    Args:
        answer: the reader's.
        right_answer: the right one, of the same shape.
        answer_by_hint: wrong ones by the mistake, in words, that leads to them.
        other_hint: what to say of any other answer.
        tolerance: as for ``is_same_answer``.
        smallest_scale: as for ``is_same_answer``.
    """
    if is_same_answer(answer, right_answer, tolerance, smallest_scale):
        return None
    return find_likely_mistake(answer, answer_by_hint, tolerance, smallest_scale) or other_hint


def find_likely_mistake(
    answer: Answer,
    answer_by_hint: Mapping[str, Answer],
    tolerance: float = TOLERANCE,
    smallest_scale: float = 1.0,
) -> str | None:
    """The first mistake that leads to the given answer, or None; as for ``describe_mistake``."""
    return next(
        (
            hint
            for hint, wrong_answer in answer_by_hint.items()
            if is_same_answer(answer, wrong_answer, tolerance, smallest_scale)
        ),
        None,
    )


def is_same_answer(
    answer: Answer, right_answer: Answer, tolerance: float = TOLERANCE, smallest_scale: float = 1.0
) -> bool:
    """Whether two answers are the same in every number; NaN is near to nothing.

    Args:
        answer: compared with the other.
        right_answer: of the same shape.
        tolerance: largest difference, relative to a number of the other.
        smallest_scale: for numbers smaller than this the difference is relative to it.
    """
    given, right = (torch.as_tensor(value, dtype=torch.float64) for value in (answer, right_answer))
    return bool(((given - right).abs() <= tolerance * right.abs().clamp(min=smallest_scale)).all())
