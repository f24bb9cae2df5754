"""Pick an unseen sinusoid and a number of inner steps, and watch trained learners fit it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor

from metalearn_lab.explorers.controls import slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.explorers.lifetime import weakly
from metalearn_lab.explorers.one_task import for_one_task
from metalearn_lab.figures.sinusoid_fit import SinusoidFit, sinusoid_fit_scene
from metalearn_lab.figures.style import label_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, to_device

_POINTS = 121


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
        self._cached = lru_cache(maxsize=64)(weakly(self._adapt))
        super().__init__(
            {
                "task": slider("task", 0, 0, tasks - 1),
                "step": slider("inner step", min(step, most_steps), 0, most_steps),
            }
        )

    def view(self, *, task: int, step: int) -> View:  # type: ignore[override]
        """The fits before and after ``step`` inner steps."""
        x, truth, support, curves = self._cached(task)
        fit = SinusoidFit(
            x, truth, support, step, {name: each[[0, step]] for name, each in curves.items()}
        )
        errors = {name: ((each - truth) ** 2).mean(-1) for name, each in curves.items()}
        count = f"{step} inner {'step' if step == 1 else 'steps'}"
        reached = "; ".join(f"{label_of(name)} {each[step]:.2f}" for name, each in errors.items())
        alt = (
            f"Unseen sinusoid {task} and the fits after {count}. "
            f"Mean squared error along the curve: {reached}."
        )
        table = Table(
            "Mean squared error along the curve",
            ("inner steps", *(label_of(name) for name in errors)),
            [
                [str(k), *(f"{each[k]:.2f}" for each in errors.values())]
                for k in dict.fromkeys((0, step))
            ],
        )
        return picture_view(self.scene.bundle(fit, alt), table)

    def _adapt(self, task: int) -> tuple[Tensor, Tensor, Split, dict[str, Tensor]]:
        """Inputs and truth ``[points]``, support ``[K, 1]``, curves ``[steps + 1, points]``."""
        amplitude, phase = self.family.curves(task, 1)
        x = torch.linspace(-5, 5, _POINTS)
        truth = amplitude * torch.sin(x - phase)
        support = self.family.batch(task, 1).support
        both = Task(support, Split(x[None, :, None], truth[None, :, None]))
        curves = {name: self._curves(each, both) for name, each in self.learners.items()}
        return x, truth, Split(support.x[0], support.y[0]), curves

    def _curves(self, learner: Learner, task: Task) -> Tensor:
        there = to_device(task, next(learner.parameters()).device)
        return predict_along(learner, there, self.most_steps)[0, :, :, 0].cpu()
