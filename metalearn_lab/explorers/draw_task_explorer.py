"""Draw your own task: put points on a canvas, and trained learners adapt to them as you do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

import torch
from ipywidgets import Button, HBox, Layout
from torch import Tensor

from metalearn_lab.explorers.controls import float_slider, slider, toggle
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.explorers.lifetime import weak_method
from metalearn_lab.figures.drawing import (
    Curve,
    Drawing,
    Handle,
    Mark,
    Panel,
    Place,
    Words,
    curve_look,
)
from metalearn_lab.figures.style import GREY, INK, label_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split

PANEL = Panel((-5.0, 5.0), (-6.0, 6.0), "x", "y")
"""The inputs of the sinusoids; upright the largest amplitude, 5, and some room."""

_GRID = 121  # places at which a curve is known


class Adapted(NamedTuple):
    """What the learners make of the points.

    Attributes:
        curves: by learner, after 0, …, k inner steps: ``[k + 1, grid]``.
        errors: by learner, the mean squared error on the points: ``[k + 1]``, NaN without points.
    """

    curves: dict[str, Tensor]
    errors: dict[str, Tensor]


class DrawTaskExplorer(DragExplorer):
    """A canvas to draw points on; the learners' curves follow.

    It begins with the points of the first unseen task. Adding, moving or removing a point adapts
    every learner anew; the number of inner steps chooses from what is computed.

    Args:
        learners: trained on ``family``, by their names in the figures' style.
        family: where unseen tasks come from.
        most_steps: the last inner step that can be shown.
        most_points: how many points can be on the canvas.

    Attributes:
        adapted: what the learners make of the points.
        truth: the sinusoid of the points along ``x``; None for a reader's own.

    Raises:
        ValueError: no learners, ``most_steps`` below 1, or tasks of more than ``most_points``
            points.
    """

    def __init__(
        self,
        learners: Mapping[str, Learner],
        family: Sinusoids,
        *,
        most_steps: int,
        most_points: int = 30,
    ) -> None:
        if not learners:
            raise ValueError("no learners to explore: give at least one, trained")
        if most_steps < 1 or most_points < family.shots:
            raise ValueError(
                f"most_steps must be 1 or more, and most_points {family.shots} or more for tasks "
                f"of {family.shots} points; got {most_steps} and {most_points}"
            )
        self.learners, self.family, self.most_steps = dict(learners), family, most_steps
        self.x = torch.linspace(*PANEL.x, _GRID)
        self.adapted, self.truth = Adapted({}, {}), None
        self._adapted_to: object = None
        controls = {
            "steps": slider("inner steps", 1, 0, most_steps),
            "reveal": toggle("show the sinusoid", False),
            "at": float_slider("read the curves at x", 0.0, *PANEL.x, 0.25),
        }
        wide = Layout(width="auto")
        clear = Button(description="Clear", layout=wide)
        unseen = Button(
            description=f"An unseen sinusoid: {_count(family.shots, 'point')}", layout=wide
        )
        self._unseen = _unseen_tasks(family, self.x)
        points, self.truth = next(self._unseen)
        super().__init__(controls, points, [HBox([clear, unseen])], most_points)
        clear.on_click(weak_method(self._clear))
        unseen.on_click(weak_method(self.draw_unseen))

    @property
    def points(self) -> list[Place]:
        """The points on the canvas; set them to draw others.

        Raises:
            ValueError: too many, out of the picture, or no numbers.
        """
        return list(self.handles.values())

    @points.setter
    def points(self, points: Sequence[Place]) -> None:
        self.put(_named(points))

    def put(self, handles: Mapping[str, Place], truth: Tensor | None = None) -> None:
        """Put points on the canvas, of a sinusoid or of a task that nobody knows."""
        self._checked(handles)
        self.truth = truth
        super().put(handles)
        reveal = self.controls["reveal"]
        reveal.value, reveal.disabled = reveal.value and truth is not None, truth is None

    def draw_unseen(self, button: object = None) -> None:
        """Draw the support points of the next unseen task."""
        self.put(*next(self._unseen))

    def view(self, *, steps: int, reveal: bool, at: float, **points: Place) -> View:
        """Of each learner a thin curve before and a thick one after some steps on the points."""
        if self._adapted_to is not self.handles:
            self.adapted = self._adapt(torch.tensor(list(points.values())).reshape(-1, 2))
            self._adapted_to = self.handles
        truth = self.truth if reveal else None
        handles = [Handle(name, *place, INK, "a point") for name, place in points.items()]
        table = Table(
            "Mean squared error on the points and on the sinusoid, and where each curve is",
            (
                *("learner", "points, before", f"points, after {_count(steps, 'step')}"),
                *("sinusoid", f"curve at x = {_number(at)}"),
            ),
            [self._row(name, steps, at, truth) for name in self.adapted.curves],
        )
        drawing = Drawing([PANEL], list(self._marks(steps, truth, bool(points))), handles)
        places = [f"{name} at x {_number(x)}, y {_number(y)}" for name, (x, y) in points.items()]
        return drag_view(drawing, table, self._alt(steps), "; ".join(places))

    def _marks(self, steps: int, truth: Tensor | None, points: bool) -> Iterator[Mark]:
        if truth is not None:
            yield Curve(self.x, truth, GREY, "the sinusoid of the points", 1.5, (4, 3))
        for name, curves in self.adapted.curves.items():
            look = curve_look(name)
            yield Curve(self.x, curves[0], width=1.2, **look | {"label": ""})
            look["label"] += f" after {_count(steps, 'step')} (thin: before)"
            yield Curve(self.x, curves[steps], width=2.5, **look)
        if not points:
            yield Words(-1.3, -4.4, "Put a point on the canvas", GREY)

    def _row(self, name: str, steps: int, at: float, truth: Tensor | None) -> list[str]:
        """A learner's errors on the points before and after, on the sinusoid, and a value."""
        errors, curve = self.adapted.errors[name], self.adapted.curves[name][steps]
        on_points = [_number(errors[step].item()) if self.handles else "–" for step in (0, steps)]
        on_truth = "–" if truth is None else _number(((curve - truth) ** 2).mean().item())
        there = int((self.x - at).abs().argmin())
        return [label_of(name), *on_points, on_truth, _number(curve[there].item())]

    def _clear(self, button: object) -> None:
        self.points = []

    def _adapt(self, points: Tensor) -> Adapted:
        outputs = {name: self._outputs(each, points) for name, each in self.learners.items()}
        return Adapted(
            {name: each[:, :_GRID] for name, each in outputs.items()},
            {n: ((each[:, _GRID:] - points[:, 1]) ** 2).mean(1) for n, each in outputs.items()},
        )

    @torch.no_grad()
    def _outputs(self, learner: Learner, points: Tensor) -> Tensor:
        """After each inner step on the points, along the curve and at the points.

        This is ``adapt`` and ``predict`` for one task, which is quicker without mapping over it.

        Returns:
            ``[most_steps + 1, grid + K]``.
        """
        weight = next(learner.parameters())
        x, y = points.to(weight)[:, :, None].unbind(1)
        inputs = torch.cat([self.x.to(weight)[:, None], x])
        # There is nothing to adapt to without points: the mean loss over none would be NaN.
        trajectory = learner.trajectory(Split(x, y), self.most_steps if len(points) else 0)
        outputs = torch.stack([learner.call(theta, inputs)[:, 0] for theta in trajectory])
        return outputs.expand(self.most_steps + 1, -1).cpu().float()

    def _alt(self, steps: int) -> str:
        if not self.handles:
            return "An empty canvas, with the curve of each learner before any adaptation."
        errors = "; ".join(
            f"{label_of(name)} {_number(each[0].item())} and {_number(each[steps].item())}"
            for name, each in self.adapted.errors.items()
        )
        return (
            f"{_count(len(self.points), 'point')}, and the curve of each learner before and "
            f"after {_count(steps, 'inner step')} on them. Mean squared error on the points, "
            f"before and after: {errors}."
        )


def _unseen_tasks(family: Sinusoids, x: Tensor) -> Iterator[tuple[dict[str, Place], Tensor]]:
    """The support points of each unseen task, and its sinusoid along ``x``."""
    for task in count():
        amplitude, phase = family.curves(task, 1)
        points = torch.cat(family.batch(task, 1).support, -1)[0]
        yield _named(points.tolist()), amplitude * torch.sin(x - phase)


def _named(points: Sequence[Place]) -> dict[str, Place]:
    return {f"point {number}": (*place,) for number, place in enumerate(points, 1)}


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _number(value: float) -> str:
    """A number that may have left all bounds."""
    if not math.isfinite(value):
        return "diverged"
    return (f"{value:.2f}" if abs(value) < 1e4 else f"{value:.1e}").replace("-", "−")
