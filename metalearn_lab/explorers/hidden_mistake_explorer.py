"""A right program and one with a mistake, side by side on two bowls; the reader drags the start."""

from __future__ import annotations

import torch

from metalearn_lab.experiments.hidden_mistakes import (
    MISTAKES,
    OuterStep,
    outer_path,
    outer_step,
)
from metalearn_lab.experiments.two_bowls import Bowls, losses_along
from metalearn_lab.explorers.controls import choice, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Panel
from metalearn_lab.figures.style import GREY, INK

REACH, HIGHEST, TANGENT = 3.0, 4.0, 0.8
OUTER_LR, MOST_STEPS = 0.1, 60
_BOWLS, _RIGHT, _WRONG = ("#0072b2", "#b35900"), "#00734d", "#a8326e"


class HiddenMistakeExplorer(DragExplorer):
    """Controls for the mistake and the outer steps; the start is dragged along θ.

    Args:
        bowls: two tasks and α; each program takes one inner step.
    """

    def __init__(self, bowls: Bowls) -> None:
        self.bowls = bowls
        self.theta = torch.linspace(-REACH, REACH, 121, dtype=torch.float64)
        self.before = losses_along(bowls, self.theta, 0)
        self.after = losses_along(bowls, self.theta, 1).mean(0)
        super().__init__(
            {
                "mistake": choice("mistake", list(MISTAKES), MISTAKES[0]),
                "steps": slider("outer steps", MOST_STEPS, 0, MOST_STEPS),
            },
            handles={"theta": (-2.0, self.meta_loss(-2.0))},
        )

    def meta_loss(self, theta: float) -> float:
        """Mean loss of the two tasks after one inner step from θ."""
        return losses_along(self.bowls, self.theta.new_tensor([theta]), 1).mean().item()

    def view(self, *, mistake: str, steps: int, theta: tuple[float, float]) -> View:
        """Where each program goes from θ, and what it takes for the slope there."""
        start = theta[0]
        ways = {"the right program": None, "with the mistake": mistake}
        paths = {way: outer_path(self.bowls, start, OUTER_LR, steps, ways[way]) for way in ways}
        first = {way: outer_step(self.bowls, start, ways[way]) for way in ways}
        marks: list[Curve | Dot] = []
        for panel, (way, color) in enumerate(zip(ways, (_RIGHT, _WRONG), strict=True)):
            marks += [
                *self._curves(panel),
                *self._path(panel, start, first[way], paths[way], color),
            ]
        handle = Handle("theta", start, self.meta_loss(start), INK, "start θ: drag it", "x")
        panels = [
            Panel((-REACH, REACH), (0, HIGHEST), "θ", "loss", title)
            for title in ("Right", f"Mistake: {mistake}")
        ]
        table = Table(
            f"From θ = {start:.2f}, {steps} outer steps of size {OUTER_LR}",
            ("program", "slope that it uses at θ", "θ at the end", "mean loss after a step there"),
            [
                (
                    way,
                    f"{first[way].slope:.2f}",
                    f"{path[-1]:.2f}",
                    f"{self.meta_loss(path[-1]):.3f}",
                )
                for way, path in paths.items()
            ],
        )
        ends = "; ".join(f"{row[0]} ends at {row[2]}, loss {row[3]}" for row in table.rows)
        return drag_view(Drawing(panels, marks, [handle]), table, f"{table.caption}: {ends}.")

    def _curves(self, panel: int) -> list[Curve]:
        bowls = [
            Curve(self.theta, loss, color, f"task {i}, before", 1.2, (4, 3), panel)
            for i, (loss, color) in enumerate(zip(self.before, _BOWLS, strict=True), 1)
        ]
        label = "meta-loss: after the step"
        return [*bowls, Curve(self.theta, self.after, INK, label, 2.4, (), panel)]

    def _path(
        self, panel: int, start: float, first: OuterStep, path: list[float], color: str
    ) -> list[Curve | Dot]:
        """The slope at the start as a line, the places after each outer step, and the last."""
        x = (start - TANGENT, start + TANGENT)
        y = [self.meta_loss(start) + first.slope * (at - start) for at in x]
        places = [Dot(at, self.meta_loss(at), color, "", 3.5, False, panel) for at in path[1:-1]]
        end = "ends here, wrong" if panel else "ends here"
        if panel:  # the other one has the handle at the start
            places.insert(0, Dot(start, self.meta_loss(start), INK, "", 9.0, True, panel))
        return [
            Curve(x, y, GREY, "slope it uses", 2.0, (1, 1), panel),
            *places,
            Dot(path[-1], self.meta_loss(path[-1]), color, end, 10.0, True, panel),
        ]
