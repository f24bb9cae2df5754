"""Turn the first task: what elastic weights keep of it by its curvature or the diagonal."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.experiments.elastic_weights import (
    Bowl,
    elastic_point,
    excess,
    joint_point,
    turned,
)
from metalearn_lab.explorers.controls import float_slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.contours import contour_lines
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place, place_of
from metalearn_lab.figures.style import INK

REACH = 2.4
FIRST, SECOND = (9.0, 1.0), (1.0, 4.0)
"""Curvatures of the first task, which is turned, and of the second."""

_FIRST_COLOR, _SECOND_COLOR = "#0072b2", "#b34d00"
_DIAGONAL_COLOR, _FULL_COLOR = "#117733", "#a0459c"
_LEVELS = (0.5, 2.0, 4.5, 8.0)
_TURNS = tuple(range(0, 91, 3))
_GRID = 49


class RotationDialExplorer(DragExplorer):
    """Two bowls to drag, a dial that turns the first, and the strength λ of the tie to it.

    The excess is drawn from 0° up to the angle of the dial, so the reader turns it to see more.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "degrees": float_slider("the first task is turned by (degrees)", 0, 0, 90, 1),
                "strength": float_slider("strength λ", 1.0, 0.0, 4.0, 0.1),
            },
            handles={"first": (1.0, 1.0), "second": (-1.0, 0.0)},
        )

    def view(self, *, degrees: float, strength: float, first: Place, second: Place) -> View:
        """The ends on the map, and what each costs more than the best point, up to the angle."""
        bowls = bowls_of(degrees, first, second)
        ends = _ends(bowls, strength)
        best = joint_point(*bowls)
        rows = [
            [name, *(f"{max(v.item(), 0.0):.3f}" for v in (*(b.loss(w) for b in bowls), extra))]
            for name, (w, extra) in (
                *((name, (w, excess(w, *bowls))) for name, (w, _) in ends.items()),
                ("lowest sum of both", (best, excess(best, *bowls))),
            )
        ]
        marks: list[Mark] = [*_contours(bowls[0], _FIRST_COLOR, "loss of the first")]
        marks += _contours(bowls[1], _SECOND_COLOR, "loss of the second")
        marks.append(Dot(*place_of(best), INK, "lowest sum of both", 12, filled=False))
        curves: dict[str, list[float]] = {name: [] for name in ends}
        for turn in _TURNS:
            there = bowls_of(turn, first, second)
            for name, (w, _) in _ends(there, strength).items():
                curves[name].append(excess(w, *there).item())
        passed = [turn for turn in _TURNS if turn < degrees]
        for name, (w, color) in ends.items():
            dash = () if color == _FULL_COLOR else (6, 3)
            now = excess(w, *bowls).item()
            path = [*curves[name][: len(passed)], now]
            marks.append(Dot(*place_of(w), color, name, 7))
            marks.append(Curve([*passed, degrees], path, color, name, 2.4, dash, panel=1))
            marks.append(Dot(degrees, now, color, size=7, panel=1))
        top = max(0.3, 1.05 * max(map(max, curves.values())))
        table = Table(
            f"First task turned by {degrees:.0f}°, λ = {strength:.1f}",
            ("end of the second task", "loss of the first", "of the second", "excess of the sum"),
            rows,
        )
        alt = f"{table.caption}. " + " ".join(f"{row[0]}: excess {row[3]}." for row in rows)
        panels = (
            Panel((-REACH, REACH), (-REACH, REACH), "first weight", "second weight", "", True),
            Panel((0, 90), (-0.03 * top, top), "angle, degrees", "excess of the sum of losses"),
        )
        handles = (
            Handle("first", *first, _FIRST_COLOR, "first task: drag"),
            Handle("second", *second, _SECOND_COLOR, "second task: drag"),
        )
        return drag_view(Drawing(panels, marks, handles), table, alt)


def bowls_of(degrees: float, first: Place, second: Place) -> tuple[Bowl, Bowl]:
    """The two tasks."""
    return (
        Bowl(turned(FIRST, degrees), torch.tensor(first, dtype=torch.float64)),
        Bowl(turned(SECOND, 0), torch.tensor(second, dtype=torch.float64)),
    )


def _ends(bowls: tuple[Bowl, Bowl], strength: float) -> dict[str, tuple[Tensor, str]]:
    """Where the second task ends, and the colour, by what is kept of the first."""
    return {
        name: (elastic_point(*bowls, strength=strength, diagonal=diagonal), color)
        for name, diagonal, color in (
            ("EWC, all of the curvature", False, _FULL_COLOR),
            ("EWC, the diagonal", True, _DIAGONAL_COLOR),
        )
    }


def _contours(bowl: Bowl, color: str, label: str) -> list[Curve]:
    across = torch.linspace(-REACH, REACH, _GRID, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(across, across, indexing="xy"), -1)
    lines = contour_lines(across, across, bowl.loss(grid), _LEVELS)
    return [Curve(x, y, color, label, 0.9) for x, y in lines]
