"""Drag a start θ over contours of the meta-loss, and of the mean loss, of bowls in the plane."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from metalearn_lab.experiments.gradient_angle import angles
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
    place_of,
)
from metalearn_lab.figures.style import INK, STYLES
from metalearn_lab.tasks.planar_quadratics import PlanarQuadratics

REACH = (3.4, 2.7)
"""The maps show θ from −REACH to REACH: as long in both directions as the panels."""
ARROW = 0.9
"""Both arrows have this length: they show directions."""
TASK_COLORS = ("#b34d00", "#5a2da5", "#00745a")

_BEFORE, _AFTER = STYLES["joint"].color, STYLES["maml"].color
_CONTOUR = "#9a9a9a"
_GRID = 61
_LEVELS = 9
_FLAT = 1e-9
_VALLEY = 2  # a bowl is one if its curvatures differ by more than this factor


class MetaLossExplorer(DragExplorer):
    """Sliders for α and k, and a start θ to drag over two maps; all in closed form.

    Args:
        tasks: two or three bowls.
    """

    def __init__(self, tasks: PlanarQuadratics) -> None:
        self.tasks = tasks
        super().__init__(
            {
                "inner_lr": float_slider("inner step size α", 0.1, 0, 0.25, 0.01),
                "inner_steps": slider("inner steps k", 1, 1, 10),
            },
            handles={"theta": (-1.0, 1.5)},
        )

    def view(self, *, inner_lr: float, inner_steps: int, theta: Place) -> View:
        """The maps with θ, the steps of every task, and the way down by either gradient."""
        loop: dict[str, Any] = {"inner_lr": inner_lr, "inner_steps": inner_steps}
        start = torch.tensor(theta, dtype=torch.float64)
        before, after = self.tasks.loss(start), self.tasks.loss_after(start, **loop)
        none = loop | {"inner_steps": 0}
        mean, meta = (self.tasks.gradient_after(start, **each) for each in (none, loop))
        table = Table(
            f"At θ = ({theta[0]:.2f}, {theta[1]:.2f}), with α = {inner_lr:.2f}, k = {inner_steps}",
            ("what", "loss", "its gradient", "length of the gradient"),
            [
                _row("meta-loss, after the steps", after, meta),
                _row("mean loss, before the steps", before, mean),
            ],
        )
        words = f"The two gradients point {angles(mean, meta).item():.0f} degrees apart."
        if mean.norm() * meta.norm() < _FLAT:
            words = ""
        alt = (
            f"Maps of the meta-loss and the mean loss of {len(self.tasks.centres)} tasks. "
            f"{table.caption}: the mean loss is {before.item():.2f} before and "
            f"{after.item():.2f} after the steps. {words}"
        )
        marks = [
            *self._map(loop, 0),
            *self._map(none, 1),
            *self._steps(start, loop),
            *(each for panel in (0, 1) for each in _arrows(theta, mean, meta, panel)),
            Dot(*theta, INK, size=9, panel=1),
        ]
        panels = (
            _panel(f"meta-loss: after k = {inner_steps} steps, α = {inner_lr:.2f}"),
            _panel("mean loss: before any step"),
        )
        handle = Handle("theta", *theta, INK, "the start θ: drag it")
        return drag_view(Drawing(panels, marks, (handle,)), table, alt, words)

    def _map(self, loop: dict[str, Any], panel: int) -> list[Mark]:
        """Contours of the mean loss after the loop, the centres, and the valley of each task."""
        across, up = (torch.linspace(-end, end, _GRID, dtype=torch.float64) for end in REACH)
        grid = torch.stack(torch.meshgrid(across, up, indexing="xy"), -1)
        losses = self.tasks.loss_after(grid, **loop)
        least, most = losses.min().item(), losses.max().item()
        levels = [least + (most - least) * (j / _LEVELS) ** 2 for j in range(1, _LEVELS)]
        pieces = contour_lines(across, up, losses, levels) if most - least > _FLAT else []
        marks: list[Mark] = [
            Curve(x, y, _CONTOUR, "contours of the loss", 0.9, panel=panel) for x, y in pieces
        ]
        for i, (centre, color) in enumerate(zip(self.tasks.centres, TASK_COLORS, strict=False)):
            steepness, axes = torch.linalg.eigh(self.tasks.curvatures[i])  # the flattest first
            if steepness[1] > _VALLEY * steepness[0]:
                ends = centre + torch.tensor([[-9.0], [9.0]]) * axes[:, 0]
                across_ends, up_ends = ends.T.tolist()
                marks.append(
                    Curve(across_ends, up_ends, color, width=1.0, dash=(1, 3), panel=panel)
                )
            x, y = centre.tolist()
            marks.append(Dot(x, y, color, size=8, filled=False, panel=panel, words=f"c{i + 1}"))
        return marks

    def _steps(self, start: Tensor, loop: dict[str, Any]) -> list[Mark]:
        """Where the inner steps of each task take θ."""
        counts = range(loop["inner_steps"] + 1)
        path = [self.tasks.adapted(start, **loop | {"inner_steps": j}) for j in counts]
        marks: list[Mark] = []
        for i, color in enumerate(TASK_COLORS[: len(self.tasks.centres)]):
            places = [place_of(at[i]) for at in path]
            label = f"inner steps of task {i + 1}"
            marks += [
                Curve((one[0], other[0]), (one[1], other[1]), color, label, 1.6)
                for one, other in pairwise(places)
            ]
            marks += [Dot(*place, color) for place in places[1:]]
        return marks


def _panel(title: str) -> Panel:
    (x, y) = REACH
    return Panel((-x, x), (-y, y), "θ, first number", "θ, second number", title)


def _arrows(theta: Place, mean: Tensor, meta: Tensor, panel: int) -> list[Mark]:
    start = torch.tensor(theta)
    ways = ((mean, _BEFORE, "down the mean loss"), (meta, _AFTER, "down the meta-loss"))
    return [
        Arrow(theta, place_of(start - ARROW * way / way.norm()), color, label, 3, panel)
        for way, color, label in ways
        if way.norm() > _FLAT
    ]


def _row(name: str, loss: Tensor, gradient: Tensor) -> list[str]:
    first, second = gradient.tolist()
    vector = f"({first + 0.0:.2f}, {second + 0.0:.2f})"
    return [name, f"{loss.item():.2f}", vector, f"{gradient.norm().item():.2f}"]
