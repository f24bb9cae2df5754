"""All learners on one unseen sinusoid, side by side."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from metalearn_lab.explorers.controls import learner_choice, slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.explorers.fitted_curves import fitted_curves
from metalearn_lab.figures.side_by_side import SideBySide, side_by_side_scene
from metalearn_lab.figures.style import label_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.placement import points_of
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task

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
        self.x = torch.linspace(-5, 5, _POINTS)
        grid = self.x[None, :, None].expand(tasks, -1, -1)
        self.truths = points_of(family.curves(0, tasks), grid).y[..., 0]
        self.batch = family.batch(0, tasks)
        x = torch.cat((grid, self.batch.query.x), 1)
        asked = Task(self.batch.support, Split(x, torch.zeros_like(x)))
        self.fits, self.losses = {}, {}
        for name, learner in learners.items():
            outputs = fitted_curves(learner, asked, steps)
            self.fits[name] = outputs[:, :, :_POINTS]
            errors = outputs[:, :, _POINTS:] - self.batch.query.y[:, None, :, 0]
            self.losses[name] = errors.square().mean(-1)
        self.scene = side_by_side_scene(list(learners), steps)
        super().__init__(
            {
                "task": slider("task", 0, 0, tasks - 1),
                "step": slider("inner step", 1, 0, steps),
                "learner": learner_choice("fit of", learners),
            }
        )

    def view(self, *, task: int, step: int, learner: str) -> View:
        """The fit of one learner and the losses of all on one task."""
        support = torch.cat([part[task] for part in self.batch.support], -1)
        losses = {name: loss[task] for name, loss in self.losses.items()}
        picture = SideBySide(
            task,
            self.x,
            self.truths[task],
            support,
            learner,
            self.fits[learner][task, step],
            losses,
            step,
        )
        table = Table(
            f"Unseen sinusoid {task}: query loss of each learner.",
            ("learner", "before", f"after {step}", "after the last step"),
            [
                (label_of(name), *(f"{loss[k]:.3f}" for k in (0, step, -1)))
                for name, loss in losses.items()
            ],
        )
        reached = "; ".join(f"{row[0]} {row[2]}" for row in table.rows)
        alt = f"{table.caption} After {step} {'step' if step == 1 else 'steps'}: {reached}"
        return picture_view(self.scene.bundle(picture, alt), table)
