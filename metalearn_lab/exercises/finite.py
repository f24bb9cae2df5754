"""What a reader's answer must be before it is compared: finite, of the type and shape asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

from torch import Tensor

from metalearn_lab.exercises.verdict import Refused


def number(answer: object) -> float:
    """The answer as a float.

    Args:
        answer: the reader's; a tensor without axes is a number too.

    Raises:
        Refused: it is not one finite real number.
    """
    value = answer.item() if isinstance(answer, Tensor) and answer.ndim == 0 else answer
    if isinstance(value, bool) or not isinstance(value, Real):
        raise Refused(f"a number is asked for, and yours is {_described(answer)}.")
    if not math.isfinite(value):
        raise Refused(f"a finite number is asked for, and yours is {float(value)}.")
    return float(value)


def numbers(answer: object, names: Sequence[str]) -> list[float]:
    """The answer, several numbers in a tuple or a list, as floats.

    Args:
        answer: the reader's.
        names: of the numbers asked for, in order.

    Raises:
        Refused: it is not so many finite real numbers.
    """
    if not isinstance(answer, tuple | list) or len(answer) != len(names):
        asked = f"{len(names)} numbers are asked for, ({', '.join(names)})"
        raise Refused(f"{asked}, and yours is {_described(answer)}.")
    return [number(each) for each in answer]


def tensor(answer: object, shape: Sequence[int]) -> Tensor:
    """The answer in float64, still connected to what it was computed from.

    Args:
        answer: the reader's.
        shape: that it must have.

    Raises:
        Refused: it is no tensor of finite floating-point numbers of this shape.
    """
    asked = f"a floating-point tensor of shape {list(shape)} is asked for"
    if not (isinstance(answer, Tensor) and answer.is_floating_point()):
        raise Refused(f"{asked}, and yours is {_described(answer)}.")
    if answer.shape != (*shape,):
        raise Refused(f"{asked}, and yours has shape {list(answer.shape)}.")
    if not answer.isfinite().all():
        raise Refused(f"{asked}, and yours holds numbers that are not finite (inf or nan).")
    return answer.double()


def _described(answer: object) -> str:
    if isinstance(answer, Tensor):
        kind = str(answer.dtype).removeprefix("torch.")
        return f"a tensor of {kind} and shape {list(answer.shape)}"
    text = repr(answer)
    return f"{text[:40]}{'…' * (len(text) > 40)}, a {type(answer).__name__}"
