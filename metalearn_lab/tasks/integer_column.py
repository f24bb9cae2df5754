"""One integer a row, whatever library it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_LARGEST = torch.iinfo(torch.int64).max


def integer_column(name: str, values: Sequence[int] | Tensor) -> Tensor:
    """An int64 tensor ``[rows]`` on the CPU.

    Args:
        name: of the column, for messages.
        values: a tensor, an array of NumPy, pandas or Arrow, or any sequence of integers.

    Raises:
        TypeError: anything that is not one integer a row, or does not fit 64 bits.
    """
    items, shape, kind = _listed(values)
    if len(shape) != 1:
        raise TypeError(
            f"{name} must be one integer a row, got a table of shape {shape} and type {kind}"
        )
    for row, item in enumerate(items):
        if not hasattr(item, "__index__"):
            raise TypeError(
                f"{name} must be one integer a row, got {item!r:.80} in row {row} (type {kind})"
            )
        if not -_LARGEST - 1 <= item <= _LARGEST:
            raise TypeError(f"{name} must be below 2^63, got {item}: number them anew")
    return torch.tensor(items, dtype=torch.int64)


def _listed(values: Any) -> tuple[list[Any], list[int], str]:
    """The items, their shape, and the name of their type."""
    if isinstance(values, Tensor):
        return values.tolist(), list(values.shape), str(values.dtype)
    if hasattr(values, "__array__"):  # of NumPy, which is there then, or what can become one
        import numpy as np

        array = np.asarray(values)
        return array.tolist(), list(array.shape), str(array.dtype)
    items = list(values)
    nested = any(isinstance(item, list | tuple) for item in items)
    shape = [len(items), len(items[0])] if nested else [len(items)]
    return items, shape, type(values).__name__
