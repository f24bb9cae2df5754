"""Make a sinusoid, choose where its points lie, and watch a trained learner adapt to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor

from metalearn_lab.explorers.controls import choice, float_slider, learner_choice, slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.explorers.fitted_curves import fitted_curves, for_one_task
from metalearn_lab.explorers.lifetime import weak_method
from metalearn_lab.figures.sinusoid_adaptation import (
    SinusoidAdaptation,
    sinusoid_adaptation_scene,
)
from metalearn_lab.figures.style import label_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.placement import REGIONS, points_of, squeezed
from metalearn_lab.tasks.types import Split, Task


class SinusoidAdaptationExplorer(Explorer):
    """Controls for amplitude, phase, K, where the points lie, inner steps and learner.

    Moving the step indexes a trace; another task or learner adapts once and is kept.

    Args:
        learners: trained, by their names in the figures' style.
        most_steps: the last inner step.
        region: where the points lie at the start.

    Raises:
        ValueError: no learners, or an unknown one.
    """

    def __init__(
        self, learners: Mapping[str, Learner], *, most_steps: int = 10, region: str = "spread"
    ) -> None:
        self.learners = for_one_task(learners)
        self.most_steps = most_steps
        self.scene = sinusoid_adaptation_scene()
        self.x = torch.linspace(-5, 5, 121)
        self._adapted = lru_cache(maxsize=256)(weak_method(self._adapt))
        super().__init__(
            {
                "learner": learner_choice("learner", learners),
                "region": choice("where the points lie", list(REGIONS), region),
                "shots": slider("points K", 10, 1, 20),
                "step": slider("inner steps", 1, 0, most_steps),
                "amplitude": float_slider("amplitude A", 3.0, 0.1, 5.0, 0.1),
                "phase": float_slider("phase p", 1.0, 0.0, 6.2, 0.1),
            }
        )

    def view(
        self, *, learner: str, region: str, shots: int, step: int, amplitude: float, phase: float
    ) -> View:
        """The learner's curve before and after ``step`` inner steps, and its error by half."""
        support, truth, outputs = self._adapted(learner, region, shots, amplitude, phase)
        picture = SinusoidAdaptation(
            self.x,
            (amplitude, phase),
            truth,
            support,
            REGIONS[region],
            learner,
            step,
            before=outputs[0],
            after=outputs[step],
        )
        errors = (outputs - truth) ** 2
        parts = (self.x == self.x, self.x < 0, self.x > 0)
        table = Table(
            f"Mean squared error of {label_of(learner)}",
            ("inner steps", "whole curve", "left half", "right half"),
            [
                [str(k), *(f"{errors[k][part].mean():.2f}" for part in parts)]
                for k in dict.fromkeys((0, step))
            ],
        )
        alt = (
            f"A sinusoid of amplitude {amplitude:.1f} and phase {phase:.1f}, points: {shots}, "
            f"{region}. Mean squared error of {label_of(learner)} along the whole curve: "
            f"{errors[0].mean():.2f} before, {errors[step].mean():.2f} after inner step {step}."
        )
        note = f"A phase above π ({math.pi:.2f}): no sinusoid of the training had one."
        return picture_view(self.scene.bundle(picture, alt), table, note if phase > math.pi else "")

    def _adapt(
        self, name: str, region: str, shots: int, amplitude: float, phase: float
    ) -> tuple[Split, Tensor, Tensor]:
        """Support ``[K, 1]``, truth ``[points]`` and outputs ``[steps + 1, points]``."""
        curve = torch.tensor([amplitude]), torch.tensor([phase])
        support = points_of(curve, squeezed(_spread(shots)[None, :, None], region))
        query = points_of(curve, self.x[None, :, None])
        outputs = fitted_curves(self.learners[name], Task(support, query), self.most_steps)[0]
        return Split(support.x[0], support.y[0]), query.y[0, :, 0], outputs


def _spread(count: int) -> Tensor:
    """Inputs between −5 and 5, spread evenly however many: multiples of the golden ratio."""
    return (torch.arange(1, count + 1) * (5**0.5 - 1) / 2 % 1 - 0.5) * 10
