"""Pick an unseen sinusoid and a number of inner steps, and watch trained learners fit it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor

from metalearn_lab.explorers.controls import slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.explorers.fitted_curves import fitted_curves, for_one_task
from metalearn_lab.explorers.lifetime import weak_method
from metalearn_lab.figures.sinusoid_fit import SinusoidFit, sinusoid_fit_scene
from metalearn_lab.figures.style import label_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.placement import points_of
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task


class SinusoidExplorer(Explorer):
    """Controls for the task and the step; a panel for each learner.

    Args:
        learners: trained, by their names in the figures' style.
        family: where unseen tasks come from.
        most_steps: the last inner step that can be shown.
        tasks: how many tasks can be picked.
        step: the inner step shown at the start.
    """

    def __init__(
        self,
        learners: Mapping[str, Learner],
        family: Sinusoids,
        *,
        most_steps: int,
        tasks: int,
        step: int = 1,
    ) -> None:
        self.family, self.most_steps = family, most_steps
        self.learners = for_one_task(learners)
        self.scene = sinusoid_fit_scene(list(learners))
        self._cached = lru_cache(maxsize=64)(weak_method(self._adapt))
        super().__init__(
            {
                "task": slider("task", 0, 0, tasks - 1),
                "step": slider("inner step", min(step, most_steps), 0, most_steps),
            }
        )

    def view(self, *, task: int, step: int) -> View:
        """The fits before and after ``step`` inner steps."""
        (support, query), curves = self._cached(task)
        x, truth = (part.flatten() for part in query)
        fit = SinusoidFit(
            x,
            truth,
            Split(support.x[0], support.y[0]),
            step,
            {name: curve[[0, step]] for name, curve in curves.items()},
        )
        errors = {name: (curve - truth).square().mean(-1) for name, curve in curves.items()}
        count = f"{step} inner {'step' if step == 1 else 'steps'}"
        reached = "; ".join(f"{label_of(name)} {error[step]:.2f}" for name, error in errors.items())
        alt = (
            f"Unseen sinusoid {task} and the fits after {count}. "
            f"Mean squared error along the curve: {reached}."
        )
        table = Table(
            "Mean squared error along the curve",
            ("inner steps", *map(label_of, errors)),
            [
                [str(k), *(f"{error[k]:.2f}" for error in errors.values())]
                for k in dict.fromkeys((0, step))
            ],
        )
        return picture_view(self.scene.bundle(fit, alt), table)

    def _adapt(self, task: int) -> tuple[Task, dict[str, Tensor]]:
        """A batch of the one task, query along x, and curves ``[steps + 1, points]``."""
        x = torch.linspace(-5, 5, 121)[None, :, None]
        query = points_of(self.family.curves(task, 1), x)
        tasks = Task(self.family.batch(task, 1).support, query)
        return tasks, {
            name: fitted_curves(learner, tasks, self.most_steps)[0]
            for name, learner in self.learners.items()
        }
