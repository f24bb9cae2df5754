"""Drag a start; see the way that MAML, first-order MAML and Reptile move it, as arrows."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from metalearn_lab.experiments.gradient_angle import angles
from metalearn_lab.experiments.gradient_arrows import QUERY, SUPPORT, gradient_arrows, meta_loss
from metalearn_lab.explorers.controls import float_slider, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.contours import contour_lines
from metalearn_lab.figures.drawing import (
    Arrow,
    Curve,
    Dot,
    Drawing,
    Handle,
    Mark,
    Panel,
    Place,
    curve_look,
    place_of,
)
from metalearn_lab.figures.style import GREY, INK, label_of, style_of
from metalearn_lab.tasks.planar_quadratics import PlanarQuadratics

ARROW = 1.2
"""Length of every arrow: it shows a direction; the table has the lengths."""

MOST_STEPS = 20
_X, _Y = (-2.5, 2.5), (-2.2, 2.2)
_OTHERS = ("first_order_maml", "reptile")


class GradientArrowsExplorer(DragExplorer):
    """Controls for k and α and a start θ to drag, on one task with two weights.

    Left: the arrows at θ, and the inner steps. Right: the angle to MAML's arrow for every k.

    Args:
        task: two bowls, of the support and of the query set.
    """

    def __init__(self, task: PlanarQuadratics) -> None:
        self.task = task
        super().__init__(
            {
                "k": slider("inner steps k", 5, 1, MOST_STEPS),
                "alpha": float_slider("inner step size α", 0.1, 0.01, 0.45, 0.01),
            },
            handles={"theta": (-1.6, 1.2)},
        )

    def view(self, *, k: int, alpha: float, theta: Place) -> View:
        """Arrows and angles at this start."""
        start = torch.tensor(theta, dtype=torch.float64)
        by_steps = [
            gradient_arrows(self.task, start, inner_lr=alpha, inner_steps=steps)
            for steps in range(1, MOST_STEPS + 1)
        ]
        degrees = {
            name: [float(angles(arrows["maml"], arrows[name])) for arrows in by_steps]
            for name in _OTHERS
        }
        arrows = by_steps[k - 1]
        first_order, reptile = (degrees[name][k - 1] for name in _OTHERS)
        table = Table(
            f"The update at θ = ({theta[0]:.2f}, {theta[1]:.2f}), α = {alpha:.2f}, k = {k}",
            ("update", "along θ₁", "along θ₂", "length", "length / MAML's", "angle to MAML's"),
            [
                _row(name, -arrow, arrows["maml"], turned)
                for (name, arrow), turned in zip(
                    arrows.items(), (0.0, first_order, reptile), strict=True
                )
            ],
        )
        alt = (
            f"{table.caption}. The angle between the arrows of MAML and first-order MAML is "
            f"{first_order:.0f} degrees; Reptile's arrow is {reptile:.0f} degrees from MAML's."
        )
        drawing = Drawing(
            [
                Panel(_X, _Y, "θ₁", "θ₂", f"Which way θ moves: α = {alpha:.2f}, k = {k}"),
                Panel(
                    (0, MOST_STEPS + 1),
                    (0, 185),
                    "inner steps k",
                    "degrees",
                    "Angle to MAML's arrow",
                ),
            ],
            [*self._plane(start, k, alpha, arrows), *_angle_marks(degrees, k)],
            [Handle("theta", *theta, INK, "θ, the start: drag it")],
        )
        far = "beyond 90° a small step this way raises MAML's loss"
        note = far if first_order > 90 else "below 90°"
        return drag_view(drawing, table, alt, f"First-order MAML: {first_order:.0f}°, {note}.")

    def _plane(self, start: Tensor, k: int, alpha: float, arrows: dict[str, Tensor]) -> list[Mark]:
        steps = [self.task.adapted(start, inner_lr=alpha, inner_steps=j) for j in range(k + 1)]
        x, y = torch.stack([adapted[SUPPORT] for adapted in steps]).T.tolist()
        marks: list[Mark] = [
            Curve(*line, GREY, "starts with the same query loss after k steps", 1.0)
            for line in self._contour(start, k, alpha)
        ]
        marks.append(Curve(x, y, INK, "inner steps on the support set", 1.2, (1, 2)))
        marks += [Dot(a, b, INK, size=3.0) for a, b in zip(x[1:], y[1:], strict=True)]
        for place, words in ((SUPPORT, "support"), (QUERY, "query")):
            x, y = self.task.centres[place].tolist()
            marks.append(Dot(x, y, INK, size=7.0, filled=place == SUPPORT, words=words))
        for name, gradient in arrows.items():
            length = float(gradient.norm())
            if length > 0:
                tip = start - ARROW * gradient / length
                color = style_of(name).color
                marks.append(Arrow(place_of(start), place_of(tip), color, label_of(name), 2.5))
        return marks

    def _contour(
        self, start: Tensor, k: int, alpha: float
    ) -> list[tuple[list[float], list[float]]]:
        """Lines of starts where the query loss after k steps is what it is at this one."""
        x, y = torch.linspace(*_X, 61).double(), torch.linspace(*_Y, 61).double()
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
        level = float(meta_loss(self.task, start, inner_lr=alpha, inner_steps=k))
        loss = meta_loss(self.task, grid, inner_lr=alpha, inner_steps=k)
        return contour_lines(x, y, loss, [level])


def _angle_marks(degrees: dict[str, list[float]], k: int) -> list[Mark]:
    steps = range(1, MOST_STEPS + 1)
    marks: list[Mark] = [Curve((0, MOST_STEPS + 1), (90, 90), GREY, width=1.0, panel=1)]
    for name, values in degrees.items():
        look = curve_look(name)
        marks.append(Curve(steps, values, **look, panel=1))
        marks.append(Dot(k, values[k - 1], look["color"], size=8.0, panel=1))
    return marks


def _row(name: str, update: Tensor, maml: Tensor, turned: float) -> list[str]:
    length = float(update.norm())
    ratio = length / float(maml.norm()) if maml.any() else math.nan
    numbers = [f"{value:.3g}" for value in (*update.tolist(), length, ratio)]
    return [label_of(name), *numbers, f"{turned:.1f}°"]
