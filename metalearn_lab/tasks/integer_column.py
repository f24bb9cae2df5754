"""One integer a row, whatever library it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor


def integer_column(name: str, values: Sequence[int] | Tensor) -> Tensor:
    """An int64 tensor ``[rows]`` on the CPU.

    Args:
        name: of the column, for messages.
        values: a tensor, an array of NumPy, pandas or Arrow, or any sequence of integers.

    Raises:
        TypeError: anything that is not one integer a row, or does not fit 64 bits.
    """
    try:
        column = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be one integer a row, got {values!r:.80}") from None
    if column.ndim != 1 or (column.dtype.kind not in "biu" and column.size):
        raise TypeError(f"{name} must be one integer a row, got {_in_words(column)}")
    if column.size and int(column.max()) > np.iinfo(np.int64).max:
        raise TypeError(f"{name} must be below 2^63, got {column.max()}: number them anew")
    return torch.from_numpy(column.astype(np.int64))


def _in_words(column: Any) -> str:
    """What an array holds in place of integers, and in which row first."""
    if column.ndim != 1:
        return f"a table of shape {list(column.shape)} and type {column.dtype}"
    values = column.tolist()
    row = next((row for row, value in enumerate(values) if not _is_whole(value)), 0)
    return f"{values[row]!r:.80} in row {row} (type {column.dtype})"


def _is_whole(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
