"""All learners on one unseen sinusoid, side by side."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from metalearn_lab.explorers.controls import choice, slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.side_by_side import SideBySide, side_by_side_scene
from metalearn_lab.figures.style import label_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, to_device

_POINTS = 101


class SideBySideExplorer(Explorer):
    """Controls for the task, the inner step and the learner whose fit is drawn.

    Every learner adapts to every task when the explorer is made.

    Args:
        learners: trained, by their names in the figures' style.
        family: where unseen tasks come from; losses are over its query points.
        tasks: how many tasks can be picked.
        steps: the last inner step.

    Raises:
        ValueError: no learners, or one without a style.
    """

    def __init__(
        self, learners: Mapping[str, Learner], family: Sinusoids, *, tasks: int, steps: int
    ) -> None:
        if not learners:
            raise ValueError("no learners to set side by side: give at least one, trained")
        self.batch = family.batch(0, tasks)
        self.curves = family.curves(0, tasks)
        self.x = torch.linspace(-5, 5, _POINTS)
        along = {name: self._along(each, steps) for name, each in learners.items()}
        self.fits = {name: each[:, :, :_POINTS] for name, each in along.items()}
        self.losses = {name: self._losses(each[:, :, _POINTS:]) for name, each in along.items()}
        self.scene = side_by_side_scene(list(learners), steps)
        shown = {label_of(name): name for name in learners}
        super().__init__(
            {
                "task": slider("task", 0, 0, tasks - 1),
                "step": slider("inner step", 1, 0, steps),
                "learner": choice("fit of", shown, next(iter(learners))),
            }
        )

    def view(self, *, task: int, step: int, learner: str) -> View:  # type: ignore[override]
        """The fit of one learner and the losses of all on one task."""
        amplitude, phase = (float(part[task]) for part in self.curves)
        support = torch.cat([part[task] for part in self.batch.support], -1)
        losses = {name: each[task] for name, each in self.losses.items()}
        truth = amplitude * torch.sin(self.x - phase)
        fit = self.fits[learner][task, step]
        picture = SideBySide(task, self.x, truth, support, learner, fit, losses, step)
        columns = ("learner", "before", f"after {step}", "after the last step")
        rows = [
            (label_of(name), *(f"{each[at]:.3f}" for at in (0, step, -1)))
            for name, each in losses.items()
        ]
        table = Table(f"Unseen sinusoid {task}: query loss of each learner.", columns, rows)
        count = f"{step} {'step' if step == 1 else 'steps'}"
        alt = f"{table.caption} After {count}: "
        alt += "; ".join(f"{row[0]} {row[2]}" for row in rows)
        return picture_view(self.scene.bundle(picture, alt), table)

    def _along(self, learner: Learner, steps: int) -> Tensor:
        """Outputs on the grid, then on the query inputs, ``[tasks, steps + 1, points]``."""
        tasks = self.batch.query.x.shape[0]
        grid = self.x[None, :, None].expand(tasks, -1, -1)
        x = torch.cat((grid, self.batch.query.x), 1)
        asked = Task(self.batch.support, Split(x, torch.zeros_like(x)))
        there = to_device(asked, next(learner.parameters()).device)
        return predict_along(learner, there, steps)[..., 0].cpu()

    def _losses(self, outputs: Tensor) -> Tensor:
        return (outputs - self.batch.query.y[..., 0][:, None]).square().mean(-1)
