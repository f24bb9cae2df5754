"""Pick an unseen sinusoid and a number of inner steps, and watch trained learners fit it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor

from metalearn_lab.explorers.controls import slider
from metalearn_lab.explorers.explorer import Explorer, View, figure_view
from metalearn_lab.figures.sinusoid_fit import SinusoidFit, sinusoid_fit_figure
from metalearn_lab.figures.style import LABELS
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split

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
        self.learners, self.family, self.most_steps = dict(learners), family, most_steps
        self._cached = lru_cache(maxsize=64)(self._adapt)
        super().__init__(
            {
                "task": slider("task", 0, 0, tasks - 1),
                "step": slider("inner step", min(step, most_steps), 0, most_steps),
            }
        )

    def view(self, *, task: int, step: int) -> View:  # type: ignore[override]
        """The fits after 0 and after ``step`` inner steps."""
        x, truth, support, curves = self._cached(task)
        steps = (0, step) if step else (0,)
        shown = {name: each[list(steps)] for name, each in curves.items()}
        errors = "; ".join(
            f"{LABELS[name]} {((each[-1] - truth) ** 2).mean():.2f}" for name, each in shown.items()
        )
        count = f"{step} inner {'step' if step == 1 else 'steps'}"
        alt = f"Unseen sinusoid {task} and the fits after {count}. Mean squared error"
        fit = SinusoidFit(x, truth, support, steps, shown)
        return figure_view(sinusoid_fit_figure(fit), f"{alt} along the curve: {errors}.")

    def _adapt(self, task: int) -> tuple[Tensor, Tensor, Split, dict[str, Tensor]]:
        amplitude, phase = self.family.curves(task, 1)
        x = torch.linspace(-5, 5, _POINTS)
        truth = amplitude * torch.sin(x - phase)
        support = self.family.batch(task, 1).support
        curves = {name: self._curves(each, support, x) for name, each in self.learners.items()}
        return x, truth, Split(support.x[0], support.y[0]), curves

    def _curves(self, learner: Learner, support: Split, x: Tensor) -> Tensor:
        device = next(learner.parameters()).device
        there = Split(support.x.to(device), support.y.to(device))
        inputs = x[None, :, None].to(device)
        trajectory = learner.adapt(there, self.most_steps)
        return torch.stack([learner.predict(w, inputs)[0, :, 0].cpu() for w in trajectory])
