"""Drag a start θ over the contours of the meta-loss of a few bowls in the plane."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from metalearn_lab.explorers.controls import choice, float_slider, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.contours import contour_lines
from metalearn_lab.figures.drawing import Arrow, Curve, Dot, Drawing, Handle, Mark, Panel
from metalearn_lab.figures.style import INK, STYLES
from metalearn_lab.tasks.planar_quadratics import PlanarQuadratics

SIDE = 3.0
"""The map shows both numbers of θ from −SIDE to SIDE."""
ARROW = 0.9
"""Both arrows have this length: they show directions."""

_MAPS = {"meta-loss, after the steps": "after", "mean loss, before them": "before"}
_COLORS = ("#b34d00", "#5a2da5", "#00745a")
_BEFORE, _AFTER = STYLES["joint"].color, STYLES["maml"].color
_CONTOUR = "#9a9a9a"
_GRID = 61
_LEVELS = 9
_FLAT = 1e-9


class MetaLossExplorer(DragExplorer):
    """Sliders for α and k, a choice of contours, and a start θ to drag; all in closed form.

    Args:
        tasks: two or three bowls.
        theta: where the start stands at first.
        inner_lr: α at first.
        inner_steps: k at first.
    """

    def __init__(
        self,
        tasks: PlanarQuadratics,
        theta: tuple[float, float] = (-1.0, 1.5),
        *,
        inner_lr: float = 0.1,
        inner_steps: int = 1,
    ) -> None:
        self.tasks = tasks
        super().__init__(
            {
                "inner_lr": float_slider("inner step size α", inner_lr, 0, 0.25, 0.01),
                "inner_steps": slider("inner steps k", inner_steps, 1, 10),
                "contours": choice("contours of the", _MAPS, "after"),
            },
            handles={"theta": theta},
        )

    def view(
        self, *, inner_lr: float, inner_steps: int, contours: str, theta: tuple[float, float]
    ) -> View:
        """The map with θ, the steps of every task, and the way down by either gradient."""
        loop: dict[str, Any] = {"inner_lr": inner_lr, "inner_steps": inner_steps}
        start = torch.tensor(theta, dtype=torch.float64)
        before, after = self.tasks.loss(start), self.tasks.loss_after(start, **loop)
        none = {"inner_lr": inner_lr, "inner_steps": 0}
        mean, meta = (self.tasks.gradient_after(start, **each) for each in (none, loop))
        table = Table(
            f"At θ = ({theta[0]:.2f}, {theta[1]:.2f}), with α = {inner_lr:.2f}, k = {inner_steps}",
            ("what", "loss", "its gradient", "length of the gradient"),
            [
                _row("mean loss, before the steps", before, mean),
                _row("meta-loss, after the steps", after, meta),
            ],
        )
        angle = _angle(mean, meta)
        words = "" if angle is None else f"The two gradients point {angle:.0f} degrees apart."
        alt = (
            f"Map of the {'meta-loss' if contours == 'after' else 'mean loss'} of "
            f"{len(self.tasks.centres)} tasks. {table.caption}: the mean loss is "
            f"{before.item():.2f} before and {after.item():.2f} after the steps. {words}"
        )
        drawing = self._drawing(start, loop, contours, {"mean": mean, "meta": meta})
        return drag_view(drawing, table, alt, words)

    def _drawing(
        self, start: Tensor, loop: dict[str, Any], contours: str, gradients: dict[str, Tensor]
    ) -> Drawing:
        steps = loop["inner_steps"]
        path = torch.stack(
            [self.tasks.adapted(start, **loop | {"inner_steps": j}) for j in range(steps + 1)]
        )
        if contours == "after":
            marks = self._contours(loop, "contours of the meta-loss")
        else:
            marks = self._contours(loop | {"inner_steps": 0}, "contours of the mean loss")
        for i, color in enumerate(_COLORS[: len(self.tasks.centres)]):
            c_1, c_2 = self.tasks.centres[i].tolist()
            across, up = path[:, i].T.tolist()
            marks += [
                self._valley(i, color),
                Dot(c_1, c_2, color, size=8, filled=False, words=f"c{'₁₂₃'[i]}"),
                Curve(across, up, color, f"task {i + 1}: θ to θ{_subscript(steps)}", 1.6),
                *(Dot(x, y, color) for x, y in zip(across[1:], up[1:], strict=True)),
            ]
        ways = (("mean", _BEFORE, "down the mean loss"), ("meta", _AFTER, "down the meta-loss"))
        for name, color, label in ways:
            length = gradients[name].norm()
            if length > _FLAT:
                end = start - ARROW * gradients[name] / length
                x, y = start.tolist()
                marks.append(Arrow((x, y), (end[0].item(), end[1].item()), color, label, 3.0))
        panel = Panel(
            (-SIDE, SIDE),
            (-SIDE, SIDE),
            "θ, first number",
            "θ, second number",
            f"α = {loop['inner_lr']:.2f}, k = {steps}: drag θ",
        )
        return Drawing((panel,), marks, (Handle("theta", *start.tolist(), INK, "θ"),))

    def _valley(self, task: int, color: str) -> Curve:
        """The line through the centre along which the loss of a task is flattest."""
        _, axes = torch.linalg.eigh(self.tasks.curvatures[task])
        ends = self.tasks.centres[task] + torch.tensor([[-9.0], [9.0]]) * axes[:, 0]
        x, y = ends.T.tolist()
        return Curve(x, y, color, width=1.0, dash=(1, 3))

    def _contours(self, loop: dict[str, Any], label: str) -> list[Mark]:
        side = torch.linspace(-SIDE, SIDE, _GRID, dtype=torch.float64)
        grid = torch.stack(torch.meshgrid(side, side, indexing="xy"), -1)
        values = self.tasks.loss_after(grid, **loop)
        least, most = values.min().item(), values.max().item()
        levels = [least + (most - least) * (j / _LEVELS) ** 2 for j in range(1, _LEVELS)]
        if most - least < _FLAT:
            return []
        return [
            Curve(x, y, _CONTOUR, label, width=0.9)
            for _, x, y in contour_lines(side, side, values, levels)
        ]


def _row(name: str, loss: Tensor, gradient: Tensor) -> list[str]:
    first, second = gradient.tolist()
    vector = f"({first + 0.0:.2f}, {second + 0.0:.2f})"
    return [name, f"{loss.item():.2f}", vector, f"{gradient.norm().item():.2f}"]


def _angle(one: Tensor, other: Tensor) -> float | None:
    """Degrees between two gradients; None where one is zero."""
    lengths = one.norm() * other.norm()
    if lengths < _FLAT:
        return None
    return float(torch.rad2deg((one @ other / lengths).clamp(-1, 1).acos()))


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
