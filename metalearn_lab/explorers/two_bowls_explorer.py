"""Drag a start θ: the ball of each of two bowls takes its inner steps, and the losses follow."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.experiments.two_bowls import Bowls, bowl_path, losses_along
from metalearn_lab.explorers.controls import float_slider, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel
from metalearn_lab.figures.style import INK, STYLES

REACH = 3.0
"""The picture shows θ from −REACH to REACH."""

_MOST_LOSS, _LOW = 8.0, -0.6  # the handle stands under the balls
_COLORS = ("#b34d00", "#5a2da5")
_BEFORE, _AFTER = STYLES["joint"].color, STYLES["maml"].color
_POINTS = 121
_NEAR = 1e-9


class TwoBowlsExplorer(DragExplorer):
    """Sliders for both curvatures, α and k, and a start θ to drag; the centres stay.

    Args:
        bowls: at the start.
        theta: where the start stands at first.
    """

    def __init__(self, bowls: Bowls, theta: float = 0.0) -> None:
        self.centres = bowls.centres
        a_1, a_2 = bowls.curvatures
        super().__init__(
            {
                "a_1": float_slider("curvature a₁", a_1, 0.5, 10, 0.5),
                "a_2": float_slider("curvature a₂", a_2, 0.5, 10, 0.5),
                "inner_lr": float_slider("inner step size α", bowls.inner_lr, 0, 0.3, 0.01),
                "inner_steps": slider("inner steps k", bowls.inner_steps, 1, 10),
            },
            handles={"theta": (theta, _LOW)},
        )

    def view(
        self,
        *,
        a_1: float,
        a_2: float,
        inner_lr: float,
        inner_steps: int,
        theta: tuple[float, float],
    ) -> View:
        """Two bowls with their balls, the mean loss before and after, and the same in numbers."""
        bowls = Bowls((a_1, a_2), self.centres, inner_lr, inner_steps)
        start = theta[0]
        path = bowl_path(bowls, start)
        at_steps = torch.stack([losses_along(bowls, row, 0)[i] for i, row in enumerate(path)])
        before, after = at_steps[:, 0].mean().item(), at_steps[:, -1].mean().item()
        table = Table(
            f"From θ = {start:.2f}, with α = {inner_lr:.2f}",
            ("task", "θ", f"θ after {inner_steps}", "loss before", "loss after"),
            [
                [
                    f"bowl {i + 1}",
                    *map(_text, (start, path[i, -1].item())),
                    *map(_text, at_steps[i, [0, -1]].tolist()),
                ]
                for i in range(2)
            ]
            + [["mean", "–", "–", _text(before), _text(after)]],
        )
        steps = "1 inner step" if inner_steps == 1 else f"{inner_steps} inner steps"
        alt = (
            f"Two bowls of curvature {a_1:g} and {a_2:g} around {self.centres[0]:g} and "
            f"{self.centres[1]:g}. From θ = {start:.2f} the balls take {steps} "
            f"with α = {inner_lr:.2f}: the mean loss is {_text(before)} before and {_text(after)} "
            "after them."
        )
        return drag_view(_drawing(bowls, start, path, at_steps), table, alt, _note(bowls))


def _drawing(bowls: Bowls, start: float, path: Tensor, at_steps: Tensor) -> Drawing:
    theta = torch.linspace(-REACH, REACH, _POINTS, dtype=torch.float64)
    across = theta.tolist()
    marks: list[Mark] = []
    curves = losses_along(bowls, theta, 0)
    for i, color in enumerate(_COLORS):
        marks.append(Curve(across, curves[i].tolist(), color, f"bowl {i + 1}", 1.4, (4, 2)))
    after = losses_along(bowls, theta, bowls.inner_steps).mean(0)
    marks.append(Curve(across, curves.mean(0).tolist(), _BEFORE, "mean loss before", 1.8, (8, 3)))
    marks.append(Curve(across, after.tolist(), _AFTER, "mean loss after the steps", 2.6))
    for i, color in enumerate(_COLORS):
        marks.append(Curve(path[i].tolist(), at_steps[i].tolist(), color, width=1.2))
        for j, (x, y) in enumerate(zip(path[i].tolist(), at_steps[i].tolist(), strict=True)):
            marks.append(Dot(x, y, color, size=8 if j else 6, filled=j > 0))
    for losses, color in ((at_steps[:, 0], _BEFORE), (at_steps[:, -1], _AFTER)):
        marks.append(Dot(start, losses.mean().item(), color, size=8))
    panel = Panel(
        (-REACH, REACH),
        (2 * _LOW, _MOST_LOSS),
        "the start θ",
        "loss",
        f"α = {bowls.inner_lr:.2f}, k = {bowls.inner_steps}: drag θ",
    )
    return Drawing(
        (panel,), marks, (Handle("theta", start, _LOW, INK, "the start θ: drag it", moves="x"),)
    )


def _text(value: float) -> str:
    return f"{value + 0.0:.3f}" if abs(value) < 1000 else f"{value:.1e}"


def _note(bowls: Bowls) -> str:
    """What an inner step does in each bowl."""
    return " ".join(
        f"Bowl {number}: αa = {bowls.inner_lr * a:.3g}, {_step(bowls.inner_lr * a)}."
        for number, a in enumerate(bowls.curvatures, 1)
    )


def _step(rate: float) -> str:
    """What an inner step does to the distance from the centre, for αa."""
    if rate < _NEAR:
        return "an inner step does nothing"
    if abs(rate - 1) < _NEAR:
        return "one inner step ends exactly in the centre"
    if rate < 1:
        return f"an inner step leaves {1 - rate:.2g} of the distance to the centre"
    if abs(rate - 2) < _NEAR:
        return "an inner step jumps to the other side, as far away as before"
    if rate < 2:
        return f"an inner step jumps over the centre and leaves {rate - 1:.2g} of the distance"
    return f"the inner loop diverges: each step makes the distance {rate - 1:.2g} times as large"
