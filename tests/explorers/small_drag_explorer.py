"""A small explorer with handles: a start on a bowl, and a centre in a plane."""

from __future__ import annotations

import numpy as np

from metalearn_lab.explorers.controls import slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import (
    Arrow,
    Curve,
    Dot,
    Drawing,
    Handle,
    Panel,
    Place,
    Words,
    curve_look,
)

PANELS = (
    Panel((-3, 3), (0, 5), "θ", "loss", "along a line"),
    Panel((-2, 2), (-1, 1), "θ₁", "θ₂", "in the plane", equal=True),
)


def descent(start: float, steps: int) -> np.ndarray:
    """θ after 0, …, ``steps`` steps on θ²/2 with rate 0.3."""
    return start * 0.7 ** np.arange(steps + 1)


class BowlExplorer(DragExplorer):
    """θ moves along the bowl; the centre freely in a plane beside it, hidden without steps."""

    def __init__(self) -> None:
        handles = {"theta": (2.0, 0.0), "centre": (0.5, -0.25)}
        super().__init__({"steps": slider("steps", 3, 0, 9)}, handles)

    def view(self, *, steps: int, theta: Place, centre: Place) -> View:
        if abs(theta[0]) > 2.9:
            raise RuntimeError("too <far>")
        grid = np.linspace(-3, 3, 61)
        path = descent(theta[0], steps)
        beside = centre + np.array([[0, 0.3, 0.6, 1], [0, 0.2, np.nan, 0.5]]).T
        marks = [
            Curve(grid, grid**2 / 2, "#6b6b6b", "the bowl", dash=(4, 2)),
            Curve(path, path**2 / 2, **curve_look("maml")),
            *(Dot(x, x**2 / 2, "#d55e00", "a step", filled=x == path[-1]) for x in path[1:]),
            Arrow((path[0], 0.2), (path[-1], 0.2), "#0072b2", "from start to end"),
            Words(-2.8, 4.5, f"{steps} steps"),
            Curve(*beside.T, "#009e73", "a gap", panel=1),
            Dot(0, 0, "#d55e00", panel=1, words="origin"),
        ]
        handles = [
            Handle("theta", theta[0], theta[0] ** 2 / 2, "#0072b2", "the start", "x"),
            Handle("centre", *centre, "#009e73", "the centre", panel=1),
        ]
        table = Table("θ", ("step", "θ"), [(str(i), f"{x:.3f}") for i, x in enumerate(path)])
        alt = (
            f"From θ = {path[0]:.2f} to {path[-1]:.2f}; centre at {centre[0]:.2f}, {centre[1]:.2f}"
        )
        shown = handles if steps else handles[:1]
        return drag_view(Drawing(PANELS, marks, shown), table, alt, "A note: 1 < 2")
