"""Learners that adapt at once, by a closed form of the support's features and classes."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.settings import whole_number
from metalearn_lab.running.per_task import Loss, Trajectory, Weights
from metalearn_lab.tasks.types import Split, Task


class ClosedForm(Learner):
    """Base of the classifiers whose adaptation moves no weight and adds one tensor, the solution.

    Args:
        model: the encoder f, from inputs ``[items, ...]`` to features ``[items, features]``.
        loss: of scores ``[items, ways]`` and labels, e.g. ``F.cross_entropy``.
        ways: N; labels are 0, …, N − 1.
        settings: the other arguments of ``Learner``.

    Raises:
        ValueError: ``ways`` is below 1, or the model has a parameter or buffer that is named as
            the solution.
    """

    solution_name: ClassVar[str]
    """Under which ``adapt`` gives the solution, beside the weights θ."""

    def __init__(self, model: nn.Module, loss: Loss, *, ways: int, **settings: Any) -> None:
        self.ways = whole_number(ways, 1, "ways must be 1 or more classes")
        super().__init__(model, loss, **settings)

    def check(self) -> None:
        """Refuse a model in which the solution would take a tensor's place."""
        super().check()
        self.check_added([self.solution_name])

    def solution(self, features: Tensor, classes: Tensor) -> Tensor:
        """What a task's support comes to.

        Args:
            features: of the support, ``[items, features]``.
            classes: ``[items, ways]``, 1 in an item's own class and 0 elsewhere.
        """
        raise NotImplementedError

    def scores(self, features: Tensor, solution: Tensor) -> Tensor:
        """Scores ``[items, ways]`` of features ``[items, features]``."""
        raise NotImplementedError

    def meta_loss(self, task: Task) -> Tensor:
        """The loss of the query items under the support's solution."""
        [adapted] = self.trajectory(task.support, 0)
        return self.loss_at(adapted, task.query)

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ with the solution, which is there at once."""
        theta = self.weights()
        features = self.call(theta, support.x)
        solution = self.solution(features, class_columns(support.y, self.ways, features))
        return [{**theta, self.solution_name: solution}] * (steps + 1)

    def call(self, weights: Weights, x: Tensor) -> Tensor:
        """Scores ``[items, ways]`` of one task; features where there is no solution yet."""
        theta = {name: weight for name, weight in weights.items() if name != self.solution_name}
        features = super().call(theta, x)
        if self.solution_name not in weights:
            return features
        return self.scores(features, weights[self.solution_name])


def class_columns(labels: Tensor, ways: int, like: Tensor) -> Tensor:
    """``[items, ways]``: 1 in an item's own class, 0 elsewhere; NaN for a label that is no class.

    Nothing may depend on the values of labels where tasks are run at once, so a label out of range
    cannot be refused here; it makes the loss NaN, which training and evaluation refuse.

    Args:
        labels: ``[items]``.
        ways: N; labels are 0, …, N − 1.
        like: gives number type and device.
    """
    own = (labels[:, None] == torch.arange(ways, device=labels.device)).to(like)
    return own / own.sum(1, keepdim=True)
