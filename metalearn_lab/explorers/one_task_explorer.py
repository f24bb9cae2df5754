"""All learners on one sinusoid that the reader drags: their fits, and their query losses."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from metalearn_lab.explorers.controls import choice, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.explorers.fitted_curves import fitted_curves, for_one_task
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Panel, curve_look
from metalearn_lab.figures.style import GREY, INK, label_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task

ALL = "all of them"
LOG_LOSSES = (-2.0, 1.5)
_POINTS, _HEIGHT = 101, 6.0


class OneTaskExplorer(DragExplorer):
    """Controls for the support points, the inner step and the learner that is drawn thick.

    The reader drags the crest of the sinusoid y = A sin(x − p): its height is A, its place
    p + π/2. Every learner then adapts to the support points on the new curve. Query points are
    the whole curve.

    Args:
        learners: trained, by their names in the figures' style.
        family: where the support inputs come from.
        choices: how many sets of support inputs can be chosen.
        steps: the last inner step.

    Raises:
        ValueError: no learners.
    """

    def __init__(
        self, learners: Mapping[str, Learner], family: Sinusoids, *, choices: int, steps: int
    ) -> None:
        if not learners:
            raise ValueError("no learners to set side by side: give at least one, trained")
        self.learners, self.steps = for_one_task(learners), steps
        self.inputs = family.batch(0, choices).support.x[..., 0]
        self.x = torch.linspace(-5, 5, _POINTS)
        shown = {ALL: ALL, **{label_of(name): name for name in learners}}
        super().__init__(
            {
                "points": slider("support points no.", 0, 0, choices - 1),
                "step": slider("inner step", min(1, steps), 0, steps),
                "thick": choice("drawn thick", shown, ALL),
            },
            handles={"crest": (4.2, 4.0)},
        )

    def task(self, points: int, crest: tuple[float, float]) -> Task:
        """The task of a crest: support points on its sinusoid, and the whole curve as query."""
        x = (self.inputs[points], self.x)
        curve = [crest[1] * torch.sin(each - crest[0] + math.pi / 2) for each in x]
        return Task(
            *(Split(a[None, :, None], b[None, :, None]) for a, b in zip(x, curve, strict=True))
        )

    def view(self, *, points: int, step: int, thick: str, crest: tuple[float, float]) -> View:
        """The fits after a step, and the query losses after every step."""
        task = self.task(points, crest)
        fits = {
            name: fitted_curves(each, task, self.steps)[0] for name, each in self.learners.items()
        }
        truth = task.query.y[0, :, 0]
        losses = {name: (fit - truth).square().mean(-1) for name, fit in fits.items()}
        marks: list[Curve | Dot] = [Curve(self.x, truth, GREY, "the new task", 1.6, (4, 3))]
        marks += [Curve((step, step), LOG_LOSSES, GREY, "", 1.0, (1, 2), 1)]
        for name, fit in fits.items():
            width = 3.2 if name == thick else 1.5
            logs = losses[name].log10().nan_to_num(9.0).clamp(*LOG_LOSSES)
            marks += [
                Curve(self.x, fit[step], width=width, **curve_look(name)),
                Curve(range(self.steps + 1), logs, width=width, panel=1, **curve_look(name)),
            ]
        marks += [
            Dot(x, y, INK, "support points", 6.0)
            for x, y in torch.cat(task.support, -1)[0].tolist()
        ]
        count = f"{step} inner {'step' if step == 1 else 'steps'}"
        panels = [
            Panel((-5, 5), (-_HEIGHT, _HEIGHT), "x", "y", f"What each fits after {count}"),
            Panel(
                (0, self.steps), LOG_LOSSES, "inner step", "log₁₀ of the query loss", "How far off"
            ),
        ]
        handle = Handle("crest", *crest, "#8a6d00", "crest: drag it")
        table = _table(crest, step, losses)
        reached = "; ".join(f"{row[0]} {row[2]}" for row in table.rows)
        return drag_view(
            Drawing(panels, marks, [handle]), table, f"{table.caption} After {count}: {reached}."
        )


def _table(crest: tuple[float, float], step: int, losses: Mapping[str, Tensor]) -> Table:
    return Table(
        f"Sinusoid with its crest at x = {crest[0]:.2f}, y = {crest[1]:.2f}: query loss.",
        ("learner", "before", f"after {step}", "after the last step"),
        [
            (label_of(name), *(f"{loss[k]:.3f}" for k in (0, step, -1)))
            for name, loss in losses.items()
        ],
    )
