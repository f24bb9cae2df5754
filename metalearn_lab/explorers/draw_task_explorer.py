"""Draw your own task: put points on a canvas, and trained learners adapt to them as you do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from metalearn_lab.explorers.draw_task_canvas import (
    DrawTaskCanvas,
    Point,
    as_bytes,
    check_points,
    look,
)
from metalearn_lab.explorers.explorer import Explorer, figure_view
from metalearn_lab.explorers.lifetime import close_when_gone, weak_method
from metalearn_lab.figures.drawn_task import X_RANGE, Y_RANGE, DrawnTask, drawn_task_figure
from metalearn_lab.figures.style import label_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split

_GRID = 121  # places at which a curve is known


class DrawTaskExplorer(Explorer):
    """A canvas to draw points on; the learners' curves follow.

    It begins with the points of the first unseen task. Adding, moving or removing a point adapts
    every learner anew; the number of inner steps chooses from what is computed.

    Args:
        learners: trained on ``family``, by their names in the figures' style.
        family: where unseen tasks come from.
        most_steps: the last inner step that can be shown.
        most_points: how many points can be on the canvas.

    Attributes:
        drawn: the points, and what the learners make of them.

    Raises:
        ValueError: no learners, one without a style, ``most_steps`` below 1, or tasks of more
            than ``most_points`` points.
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
        self.learners, self.family = dict(learners), family
        self.most_steps, self.most_points = most_steps, most_points
        self.x = torch.linspace(*X_RANGE, _GRID)
        self.controls = {}
        self.box = DrawTaskCanvas(
            setting={
                "learners": [look(name) for name in learners],
                "x": X_RANGE,
                "y": Y_RANGE,
                "grid": _GRID,
                "shots": family.shots,
                "most_steps": most_steps,
                "most_points": most_points,
            },
            steps=1,
        )
        close_when_gone(self, self.box)
        self._next_unseen, self._question = 0, 0.0
        self.draw_unseen()
        self.box.on_msg(weak_method(self._asked))

    @property
    def points(self) -> list[list[float]]:
        """The points ``[x, y]`` on the canvas; set them to draw others.

        Raises:
            ValueError: too many, out of the picture, or no numbers.
        """
        return [[x, y] for x, y in self.drawn.points.tolist()]

    @points.setter
    def points(self, points: Sequence[Point]) -> None:
        self.draw(points)

    @property
    def steps(self) -> int:
        """The inner steps after which curves are shown.

        Raises:
            ValueError: set to what is not in 0, …, ``most_steps``.
        """
        return int(self.box.steps)

    @steps.setter
    def steps(self, steps: int) -> None:
        if steps not in range(self.most_steps + 1):
            raise ValueError(f"steps must be in 0, …, {self.most_steps}, got {steps!r}")
        self.box.steps = steps

    def draw_unseen(self) -> None:
        """Draw the support points of the next unseen task."""
        amplitude, phase = self.family.curves(self._next_unseen, 1)
        points = torch.cat(self.family.batch(self._next_unseen, 1).support, -1)[0]
        self.draw(points.tolist(), truth=amplitude * torch.sin(self.x - phase))
        self._next_unseen += 1

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What ``show`` displays: the canvas and a still picture of now by MIME type, metadata."""
        self.current_view = figure_view(drawn_task_figure(self.drawn, self.steps), self._alt())
        return super().bundle()

    def draw(self, points: Sequence[Point], truth: Tensor | None = None) -> None:
        """Adapt to these points and send the curves; a fault is told there and raised here."""
        try:
            self.drawn = self._adapted(check_points(points, self.most_points), truth)
        except Exception as error:
            self.box.answer = {
                **self.box.answer,
                "ask": self._question,
                "failure": f"This view failed: {error!r}",
            }
            raise
        self.box.answer = {
            "ask": self._question,
            "points": self.points,
            "curves": as_bytes(*self.drawn.curves.values()),
            "errors": as_bytes(*self.drawn.errors.values()),
            "truth": b"" if truth is None else as_bytes(truth),
            "failure": "",
        }

    def _asked(self, canvas: DrawTaskCanvas, message: Mapping[str, Any], buffers: Any) -> None:
        """The canvas asks for the curves of its points, or for an unseen task."""
        self._question = message["ask"]
        if message["points"] is None:
            self.draw_unseen()
        else:
            self.draw(message["points"])

    def _adapted(self, points: Tensor, truth: Tensor | None) -> DrawnTask:
        outputs = {name: self._outputs(each, points) for name, each in self.learners.items()}
        return DrawnTask(
            self.x,
            points,
            {name: each[:, :_GRID] for name, each in outputs.items()},
            {n: ((each[:, _GRID:] - points[:, 1]) ** 2).mean(1) for n, each in outputs.items()},
            truth,
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

    def _alt(self) -> str:
        if not len(self.drawn.points):
            return "An empty canvas, with the curve of each learner before any adaptation."
        errors = "; ".join(
            f"{label_of(name)} {each[0]:.2f} and {each[self.steps]:.2f}"
            for name, each in self.drawn.errors.items()
        )
        return (
            f"{_count(len(self.drawn.points), 'point')}, and the curve of each learner before and "
            f"after {_count(self.steps, 'inner step')} on them. Mean squared error on the points, "
            f"before and after: {errors}."
        )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
