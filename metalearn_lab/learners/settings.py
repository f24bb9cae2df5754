"""What the settings of a learner may be, and which parameters a pattern names."""

from __future__ import annotations

from fnmatch import fnmatchcase
from math import inf
from numbers import Real
from operator import index
from typing import Any

from torch import Tensor, nn


def inner_rate(value: Any) -> float:
    """α as a float, from a number of Python or NumPy, or a tensor of one number.

    Raises:
        ValueError: negative, infinite, NaN, no number, or a tensor with a gradient, which would
            be lost.
    """
    learned = isinstance(value, Tensor) and value.requires_grad
    is_one_number = isinstance(value, Tensor) and value.numel() == 1 and not learned
    number = value.item() if is_one_number else value
    if isinstance(number, bool) or not isinstance(number, Real) or not 0 <= float(number) < inf:
        raise ValueError(
            f"inner_lr must be 0 or a positive number, got {value!r}"
            + (": a learner with learned rates has an inner_step of its own" if learned else "")
        )
    return float(number)


def step_count(value: Any) -> int:
    """A number of inner steps as an int.

    Raises:
        ValueError: negative, or no integer.
    """
    return whole_number(value, 0, "the number of inner steps must be 0, 1, 2, …")


def task_count(value: Any) -> int | None:
    """The most tasks at once as an int; None where that is not given.

    Raises:
        ValueError: below 1, or no integer.
    """
    if value is None:
        return None
    return whole_number(value, 1, "chunk_size is a number of tasks for mapping='vmap'")


def whole_number(value: Any, least: int, expected: str) -> int:
    """An integer of Python, NumPy or a tensor as an int.

    Args:
        value: what was given.
        least: the smallest that is allowed.
        expected: what the message says before "got …".

    Raises:
        ValueError: below ``least``, or no integer.
    """
    try:
        number = None if isinstance(value, bool) else index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise ValueError(f"{expected}, got {value!r}")
    return number


def names_matching(model: nn.Module, adapts: str | tuple[str, ...]) -> tuple[str, ...]:
    """Names of the parameters that some patterns match, frozen ones too, in the model's order.

    Raises:
        ValueError: no pattern, or one that matches no parameter.
    """
    names = [name for name, _ in model.named_parameters()]
    patterns = (adapts,) if isinstance(adapts, str) else tuple(adapts or ())
    if not patterns:
        raise ValueError("adapts holds no pattern: name what the inner loop moves, or use '*'")
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ValueError(
                f"no parameter matches adapts={pattern!r}: the model has "
                f"{', '.join(names) or 'none'}"
            )
    return tuple(name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns))
