"""Contours of a function of two numbers, as polylines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contourpy import contour_generator
from torch import Tensor


def contour_lines(
    x: Tensor, y: Tensor, values: Tensor, levels: Sequence[float]
) -> list[tuple[list[float], list[float]]]:
    """The x and the y of each piece of each contour.

    Args:
        x: ``[columns]``, increasing.
        y: ``[rows]``, increasing.
        values: ``[rows, columns]``.
        levels: increasing.
    """
    contours: Any = contour_generator(x.numpy(), y.numpy(), values.numpy())
    pieces = [piece for level in levels for piece in contours.lines(level)]
    return [(piece[:, 0].tolist(), piece[:, 1].tolist()) for piece in pieces]
