"""Drag a start θ under two bowls: each takes its steps, and the loss after them is drawn."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from metalearn_lab.experiments.two_bowls import Bowls, bowl_path, losses_along, settled
from metalearn_lab.explorers.controls import float_slider, slider, toggle
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Arrow, Curve, Dot, Drawing, Handle, Mark, Panel, Words
from metalearn_lab.figures.style import GREY, INK, STYLES

REACH = 3.0
"""The picture shows θ from −REACH to REACH."""
BOWL_COLORS = ("#b34d00", "#5a2da5")

_BOWL_TOP, _MEAN_TOP = 20.0, 4.0
_HANDLE = -1.2  # under the axis, where no ball is
_BEFORE, _AFTER = STYLES["joint"].color, STYLES["maml"].color
_POINTS = 241
_NEAR = 1e-9


class TwoBowlsExplorer(DragExplorer):
    """Sliders for α and k, and a start θ to drag, which draws the mean loss after the steps.

    Args:
        bowls: at the start; their centres stay.
        theta: where the start stands at first, and the drawn curve begins.
        whole: whether the whole curve is drawn at first.
        curvatures: whether there are sliders for the curvatures too.
    """

    def __init__(
        self, bowls: Bowls, theta: float = 0.0, *, whole: bool = False, curvatures: bool = False
    ) -> None:
        self.bowls, self.origin = bowls, theta
        shown = bowls.curvatures if curvatures else ()  # a slider that is not shown is never closed
        steepness = {
            f"a_{i}": float_slider(f"curvature a{sign}", a, 0.5, 10, 0.5)
            for i, sign, a in zip((1, 2), "₁₂", shown, strict=False)
        }
        super().__init__(
            {
                **steepness,
                "inner_lr": float_slider("inner step size α", bowls.inner_lr, 0, 0.3, 0.01),
                "inner_steps": slider("inner steps k", bowls.inner_steps, 1, 10),
                "whole": toggle("draw the whole blue curve", whole),
            },
            handles={"theta": (theta, _HANDLE)},
        )

    def view(
        self,
        *,
        inner_lr: float,
        inner_steps: int,
        whole: bool,
        theta: tuple[float, float],
        **curvatures: float,
    ) -> View:
        """The bowls with their steps, the mean losses, and the same in numbers."""
        inner_lr = round(inner_lr, 2)  # a slider moved there and back is off by rounding
        a_1, a_2 = curvatures.values() or self.bowls.curvatures
        bowls = Bowls((a_1, a_2), self.bowls.centres, inner_lr, inner_steps)
        start = theta[0]
        ends = (self.origin, start)
        low, high = (-REACH, REACH) if whole else (min(ends), max(ends))
        path = bowl_path(bowls, start)
        heights = torch.stack([losses_along(bowls, row, 0)[i] for i, row in enumerate(path)])
        before, now = heights[:, 0].mean().item(), heights[:, -1].mean().item()
        best = min(max(settled("maml", bowls).point or 0.0, low), high)
        lowest = losses_along(bowls, torch.tensor([best]).double(), inner_steps).mean().item()
        table = Table(
            f"From θ = {start:.2f}, with α = {inner_lr:.2f} and k = {inner_steps}",
            ("task", "loss before", "θ after the steps", "loss after"),
            [
                *(
                    [name, *map(_text, (at[0], end, at[-1]))]
                    for name, end, at in zip(
                        _names(bowls), path[:, -1].tolist(), heights.tolist(), strict=True
                    )
                ),
                ["mean of the two", _text(before), "–", _text(now)],
            ],
        )
        note = f"Lowest place of the blue curve so far: {_text(lowest)}, at θ = {best:.2f}."
        note += "".join(
            f" Bowl {i}: αa = {inner_lr * a:.3g}, {_step(inner_lr * a)}."
            for i, a in enumerate((a_1, a_2), 1)
        )
        alt = (
            f"{' and '.join(_names(bowls))}, and a start θ = {start:.2f}; α = {inner_lr:.2f}, "
            f"k = {inner_steps}. The mean loss is {_text(before)} before the steps and "
            f"{_text(now)} after them. {note}"
        )
        marks = [*_bowls(bowls, path, heights), *_means(bowls, start, (low, high), before, now)]
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
        marks.append(Curve(theta.tolist(), loss.tolist(), color, _names(bowls)[i], 1.5))
        marks += [Arrow(*step, color) for step in pairwise(ball)]
        marks += [Dot(*place, color, filled=j > 0, size=8) for j, place in enumerate(ball)]
    return marks


def _means(
    bowls: Bowls, start: float, drawn: tuple[float, float], before: float, now: float
) -> list[Mark]:
    """The mean loss before the steps, whole; after them, where it is drawn; both at θ."""
    theta = torch.linspace(-REACH, REACH, _POINTS, dtype=torch.float64)
    whole = losses_along(bowls, theta, 0).mean(0)
    trace = torch.linspace(*drawn, _POINTS, dtype=torch.float64)
    after = losses_along(bowls, trace, bowls.inner_steps).mean(0)
    marks: list[Mark] = [
        Curve((start, start), (0.0, _MEAN_TOP), GREY, width=0.8, panel=1),
        Curve(theta.tolist(), whole.tolist(), _BEFORE, "mean loss before", 2.0, (8, 3), panel=1),
        Curve(trace.tolist(), after.tolist(), _AFTER, "mean loss after the steps", 3.0, panel=1),
    ]
    free = start + 0.06 if start < -1.0 else 0.06 - REACH  # beside the upright line
    ways = ((before, _BEFORE, "before", 0.94), (now, _AFTER, "after", 0.86))
    for loss, color, when, height in ways:
        if loss <= _MEAN_TOP:
            marks.append(Dot(start, loss, color, size=8, panel=1))
        else:
            words = f"{when}: {_text(loss)} ↑"
            marks.append(Words(free, height * _MEAN_TOP, words, color, panel=1))
    return marks


def _text(value: float) -> str:
    return f"{value + 0.0:.2f}" if abs(value) < 1000 else f"{value:.1e}"


def _names(bowls: Bowls) -> list[str]:
    return [f"bowl {i} (a = {a:g})" for i, a in enumerate(bowls.curvatures, 1)]


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
