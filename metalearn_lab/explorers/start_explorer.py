"""Drag a start θ under two bowls: each takes its inner steps, and the loss after them is traced."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from metalearn_lab.experiments.two_bowls import Bowls, bowl_path, losses_along, settled
from metalearn_lab.explorers.controls import float_slider, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Arrow, Curve, Dot, Drawing, Handle, Mark, Panel, Words
from metalearn_lab.figures.style import GREY, INK, STYLES

REACH = 2.0
"""The picture shows θ from −REACH to REACH."""
BOWL_COLORS = ("#b34d00", "#5a2da5")

_BOWL_TOP, _MEAN_TOP = 20.0, 4.0
_HANDLE = -1.2  # under the axis, where no ball is
_BEFORE, _AFTER = STYLES["joint"].color, STYLES["maml"].color
_NAMES = ("shallow bowl", "steep bowl")
_POINTS = 161


class StartExplorer(DragExplorer):
    """Sliders for α and k, and a start θ to drag; the loss after the steps shows where θ has been.

    Another α or k begins a new trace.

    Args:
        bowls: at the start, the shallow one first.
        theta: where the start stands at first.
        traced: from which θ to which the trace goes at first; θ alone if not given.
    """

    def __init__(
        self, bowls: Bowls, theta: float, traced: tuple[float, float] | None = None
    ) -> None:
        self.curvatures, self.centres = bowls.curvatures, bowls.centres
        self.traced = traced or (theta, theta)
        self._traced_loop = (bowls.inner_lr, bowls.inner_steps)
        super().__init__(
            {
                "inner_lr": float_slider("inner step size α", bowls.inner_lr, 0, 0.2, 0.01),
                "inner_steps": slider("inner steps k", bowls.inner_steps, 1, 6),
            },
            handles={"theta": (theta, _HANDLE)},
        )

    def view(self, *, inner_lr: float, inner_steps: int, theta: tuple[float, float]) -> View:
        """The bowls with their steps, the mean losses, and the same in numbers."""
        bowls = Bowls(self.curvatures, self.centres, inner_lr, inner_steps)
        start = theta[0]
        low, high = self.traced if self._traced_loop == (inner_lr, inner_steps) else (start, start)
        self.traced = (min(low, start), max(high, start))
        self._traced_loop = (inner_lr, inner_steps)
        path = bowl_path(bowls, start)
        heights = torch.stack([losses_along(bowls, row, 0)[i] for i, row in enumerate(path)])
        before, now = heights[:, 0].mean().item(), heights[:, -1].mean().item()
        best = min(max(settled("maml", bowls).point or 0.0, self.traced[0]), self.traced[1])
        lowest = losses_along(bowls, torch.tensor([best]).double(), inner_steps).mean().item()
        table = Table(
            f"From θ = {start:.2f}, with α = {inner_lr:.2f} and k = {inner_steps}",
            ("task", "loss before", "θ after the steps", "loss after"),
            [
                *(
                    [name, *map(_text, (at[0], end, at[-1]))]
                    for name, end, at in zip(
                        _NAMES, path[:, -1].tolist(), heights.tolist(), strict=True
                    )
                ),
                ["mean of the two", _text(before), "–", _text(now)],
            ],
        )
        note = f"Lowest mean loss after the steps so far: {_text(lowest)}, at θ = {best:.2f}."
        alt = (
            f"Two bowls and a start θ = {start:.2f}; α = {inner_lr:.2f}, k = {inner_steps}. "
            f"The mean loss is {_text(before)} before the steps and {_text(now)} after them. {note}"
        )
        marks = [*_bowls(bowls, path, heights), *_means(bowls, start, self.traced, before, now)]
        panels = (
            Panel((-REACH, REACH), (-2.4, _BOWL_TOP), "θ", "loss", "each task steps downhill"),
            Panel((-REACH, REACH), (-0.3, _MEAN_TOP), "the start θ", "mean loss", "the mean"),
        )
        handle = Handle("theta", start, _HANDLE, INK, "the start θ: drag it", moves="x")
        return drag_view(Drawing(panels, marks, (handle,)), table, alt, note)


def _bowls(bowls: Bowls, path: Tensor, heights: Tensor) -> list[Mark]:
    """Each task's loss, the ball on it at θ, and where each step takes the ball."""
    theta = torch.linspace(-REACH, REACH, _POINTS, dtype=torch.float64)
    marks: list[Mark] = []
    for i, loss in enumerate(losses_along(bowls, theta, 0)):
        color = BOWL_COLORS[i]
        ball = list(zip(path[i].tolist(), heights[i].tolist(), strict=True))
        marks.append(Curve(theta.tolist(), loss.tolist(), color, _NAMES[i], 1.5))
        marks += [Arrow(*step, color) for step in pairwise(ball)]
        marks += [Dot(*place, color, filled=j > 0, size=8) for j, place in enumerate(ball)]
    return marks


def _means(
    bowls: Bowls, start: float, traced: tuple[float, float], before: float, now: float
) -> list[Mark]:
    """The mean loss before the steps, whole; after them, where θ has been; both at θ."""
    theta = torch.linspace(-REACH, REACH, _POINTS, dtype=torch.float64)
    whole = losses_along(bowls, theta, 0).mean(0)
    trace = torch.linspace(*traced, _POINTS, dtype=torch.float64)
    after = losses_along(bowls, trace, bowls.inner_steps).mean(0)
    marks: list[Mark] = [
        Curve((start, start), (0.0, _MEAN_TOP), GREY, width=0.8, panel=1),
        Curve(theta.tolist(), whole.tolist(), _BEFORE, "mean loss before", 2.0, (8, 3), panel=1),
        Curve(trace.tolist(), after.tolist(), _AFTER, "after the steps, traced", 3.0, panel=1),
    ]
    for loss, color in ((before, _BEFORE), (now, _AFTER)):
        if loss <= _MEAN_TOP:
            marks.append(Dot(start, loss, color, size=8, panel=1))
    if before > _MEAN_TOP:
        free = start + 0.06 if start < -1.0 else 0.06 - REACH  # beside the upright line
        marks.append(Words(free, 0.94 * _MEAN_TOP, f"before: {_text(before)} ↑", panel=1))
    return marks


def _text(value: float) -> str:
    return f"{value + 0.0:.2f}" if abs(value) < 1000 else f"{value:.1e}"
