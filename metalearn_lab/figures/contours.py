"""Contours of a function of two numbers, as polylines."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from metalearn_lab.figures.style import new_figure


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
    _, [axes] = new_figure()
    drawn = axes.contour(x.numpy(), y.numpy(), values.numpy(), levels=list(levels))
    return [
        (piece[:, 0].tolist(), piece[:, 1].tolist())
        for pieces in drawn.allsegs
        for piece in pieces
        if len(piece)
    ]
