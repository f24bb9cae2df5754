"""Drag a task in the plane of amplitude and phase, out of the family that training saw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor

from metalearn_lab.explorers.controls import learner_choice, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.explorers.fitted_curves import for_one_task
from metalearn_lab.explorers.lifetime import weak_method
from metalearn_lab.figures.drawing import (
    Curve,
    Dot,
    Drawing,
    Handle,
    Mark,
    Panel,
    Place,
    curve_look,
)
from metalearn_lab.figures.style import GREY, INK, label_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.placement import points_of
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split

PHASE, AMPLITUDE = (0.0, 2 * math.pi), (0.0, 10.0)
TRAINED = ((0.0, math.pi), (0.1, 5.0))
"""Phases and amplitudes that training saw."""

_PLANE = Panel(PHASE, AMPLITUDE, "phase p", "amplitude A", "the task: drag it")
_DATA = Panel((-5.0, 5.0), (-11.0, 11.0), "x", "y", "the curves")
_ERRORS = (-3.0, 3.0)
_GRID = 121


class TaskPlaneExplorer(DragExplorer):
    """A task to drag, the learners' curves after some inner steps, and their errors along them.

    Args:
        learners: trained on sinusoids, by their names in the figures' style.
        shots: K, support points of the task, at inputs that stay.
        most_steps: the last inner step.

    Raises:
        ValueError: no learners.
    """

    def __init__(
        self, learners: Mapping[str, Learner], *, shots: int = 10, most_steps: int = 50
    ) -> None:
        controls = {
            "thick": learner_choice("drawn thick", learners),
            "step": slider("inner step", 0, 0, most_steps),
        }
        self.learners, self.most_steps = for_one_task(learners), most_steps
        self.inputs = Sinusoids(shots, 1, "explorer").batch(0, 1).support.x[0]
        self.x = torch.linspace(*_DATA.x, _GRID)
        self._adapted = lru_cache(maxsize=64)(weak_method(self._adapt))
        super().__init__(controls, handles={"task": (2.0, 3.0)})

    def view(self, *, thick: str, step: int, task: Place) -> View:
        """The plane, the curves, the errors, and the same in numbers."""
        phase, amplitude = task
        support, truth, outputs = self._adapted(phase, amplitude)
        errors = {name: ((each - truth) ** 2).mean(1) for name, each in outputs.items()}
        (low, high), (small, large) = TRAINED
        outside = not (low <= phase <= high and small <= amplitude <= large)
        box = ((low, high, high, low, low), (small, small, large, large, small))
        marks: list[Mark] = [
            Curve(*box, GREY, "what training saw", 1.5, (4, 3)),
            Curve(self.x, truth, GREY, "the task's curve", 1.2, panel=1),
            *(Dot(*pair, INK, size=4, panel=1) for pair in zip(*support, strict=True)),
        ]
        for name, curves in outputs.items():
            width = 3.0 if name == thick else 1.5
            marks.append(Curve(self.x, curves[step], width=width, panel=1, **curve_look(name)))
            logs = errors[name].clamp(10.0 ** _ERRORS[0], 10.0 ** _ERRORS[1]).log10()
            steps = list(range(self.most_steps + 1))
            marks.append(Curve(steps, logs, width=width, panel=2, **curve_look(name)))
        marks.append(Curve((step, step), _ERRORS, GREY, width=0.8, panel=2))
        table = Table(
            f"Mean squared error for A = {amplitude:.2f}, p = {phase:.2f}; of predicting 0: "
            f"{_text((truth**2).mean())}",
            ("learner", "as given", f"after inner step {step}", f"after {self.most_steps}"),
            [
                [label_of(name), *(_text(each[k]) for k in (0, step, self.most_steps))]
                for name, each in errors.items()
            ],
        )
        where = "outside of" if outside else "inside"
        note = f"The task is {where} the range that training saw."
        alt = f"A sinusoid of amplitude {amplitude:.2f} and phase {phase:.2f}. {note} " + " ".join(
            f"{label_of(name)}: error {_text(each[0])} as given, {_text(each[step])} after inner "
            f"step {step}."
            for name, each in errors.items()
        )
        last = Panel((0, self.most_steps), _ERRORS, "inner step", "", "log₁₀ of the error")
        handle = Handle("task", phase, amplitude, INK, "the task: drag it")
        return drag_view(Drawing((_PLANE, _DATA, last), marks, (handle,)), table, alt, note)

    @torch.no_grad()
    def _adapt(
        self, phase: float, amplitude: float
    ) -> tuple[tuple[list[float], list[float]], Tensor, dict[str, Tensor]]:
        """Support points, the truth ``[grid]``, and outputs ``[steps + 1, grid]`` by learner."""
        curve = torch.tensor([amplitude]), torch.tensor([phase])
        support = points_of(curve, self.inputs[None])
        truth = points_of(curve, self.x[None, :, None]).y[0, :, 0]
        outputs = {}
        for name, learner in self.learners.items():
            weight = next(learner.parameters())
            given = Split(support.x[0].to(weight), support.y[0].to(weight))
            inputs = self.x.to(weight)[:, None]
            trajectory = learner.trajectory(given, self.most_steps)
            at_once = {
                key: torch.stack([theta[key] for theta in trajectory]) for key in trajectory[0]
            }
            curves = torch.func.vmap(learner.call, in_dims=(0, None))(at_once, inputs)
            outputs[name] = curves[..., 0].cpu().float()
        points = support.x[0, :, 0].tolist(), support.y[0, :, 0].tolist()
        return points, truth, outputs


def _text(error: Tensor) -> str:
    value = error.item()
    if not math.isfinite(value):
        return "diverged"
    return f"{value:.3f}" if value < 1e4 else f"{value:.1e}"
