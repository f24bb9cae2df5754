"""Drag points: each is encoded, the codes are pooled, and what comes out is a line's weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from metalearn_lab.explorers.controls import float_slider, toggle
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import (
    Arrow,
    Curve,
    Dot,
    Drawing,
    Handle,
    Mark,
    Panel,
    Place,
    place_of,
)
from metalearn_lab.figures.style import GREY, INK
from metalearn_lab.learners.ridge_head import ridge

STEP_COLOR, RIDGE_COLOR = "#0072b2", "#b34d00"
_DATA = Panel((-3.0, 3.0), (-4.0, 4.0), "x", "y", "the support set, and the lines")
_WEIGHTS = Panel((-4.0, 4.0), (-4.0, 4.0), "intercept b", "slope w", "codes and weights")


class SetToLineExplorer(DragExplorer):
    """A line's two weights from points, in two ways that are a code, a pool and a generator.

    ``one step``: the code of a point is α y (1, x), the pool a mean, the generator the identity.
    ``ridge``: the code is the products of (1, x) with itself and with y, the pool a sum, and the
    generator solves for the weights.

    Args:
        points: where the support points are at first, two or more.
        inner_lr: α at first.
        strength: λ at first.
    """

    def __init__(
        self, points: Sequence[Place], *, inner_lr: float = 0.5, strength: float = 1.0
    ) -> None:
        super().__init__(
            {
                "inner_lr": float_slider("inner step size α", inner_lr, 0.0, 1.0, 0.05),
                "strength": float_slider("strength λ of ridge", strength, 0.1, 5.0, 0.1),
                "twice": toggle("take every point twice", False),
            },
            handles={f"point {i}": place for i, place in enumerate(points, 1)},
        )

    def view(self, *, inner_lr: float, strength: float, twice: bool, **points: Place) -> View:
        """Points and lines, codes and weights, and the same in numbers."""
        x, y = torch.tensor(list(points.values()), dtype=torch.float64).T
        codes = inner_lr * y[:, None] * with_one(x)
        copies = 2 if twice else 1
        step = codes.repeat(copies, 1).mean(0)
        solved = ridge_weights(x.repeat(copies), y.repeat(copies), strength)
        ends = {
            "one step (mean pool)": (step, STEP_COLOR),
            "ridge (sum pool)": (solved, RIDGE_COLOR),
        }
        marks: list[Mark] = []
        across = torch.tensor(_DATA.x, dtype=torch.float64)
        for label, (weights, color) in ends.items():
            line = with_one(across) @ weights
            marks.append(Curve(across.tolist(), line.tolist(), color, label, 2.5))
        for name, code in zip(points, codes, strict=True):
            marks.append(Arrow((0.0, 0.0), place_of(code), GREY, "code of a point", 1.0, 1))
            marks.append(Dot(*place_of(code), GREY, size=3, panel=1, words=name[6:]))
        for weights, color in (end for end in ends.values()):
            marks.append(Dot(*place_of(weights), color, size=9, panel=1))
        handles = [Handle(name, *place, INK, "a point: drag it") for name, place in points.items()]
        rows = [[name, *map(_text, code)] for name, code in zip(points, codes, strict=True)]
        rows += [[label, *map(_text, weights)] for label, (weights, _) in ends.items()]
        table = Table(
            f"Codes α y (1, x) with α = {inner_lr:.2f}, and the weights of both lines",
            ("code or line", "b", "w"),
            rows,
        )
        alt = (
            f"{len(points)} points{', each taken twice,' if twice else ''} and two lines. "
            + " ".join(
                f"{label}: b = {_text(weights[0])}, w = {_text(weights[1])}."
                for label, (weights, _) in ends.items()
            )
        )
        return drag_view(Drawing((_DATA, _WEIGHTS), marks, handles), table, alt)


def with_one(x: Tensor) -> Tensor:
    """(1, x) of inputs ``[K]``, ``[K, 2]``."""
    return torch.stack([torch.ones_like(x), x], -1)


def ridge_weights(x: Tensor, y: Tensor, strength: float) -> Tensor:
    """B and w of the line with the least Σ (b + w x − y)² + λ (b² + w²), ``[2]``."""
    return ridge(with_one(x), y[:, None], torch.tensor(strength, dtype=x.dtype))[:, 0]


def _text(value: Tensor) -> str:
    return f"{value.item() + 0.0:.2f}"
