"""Prototypical networks: learn features in which the mean of a class stands for it."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from metalearn_lab.learners.label_columns import label_columns
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.settings import whole_number
from metalearn_lab.running.per_task import Loss, Trajectory, Weights
from metalearn_lab.tasks.types import Split, Task


class ProtoNet(Learner):
    """Class scores are −‖f(x) − p_c‖², with p_c the mean feature of the support items of class c.

    Adaptation moves no weight: it takes means. Up to what all classes of an item share, the scores
    are those of a linear head with weights 2p_c and biases −‖p_c‖².

    Args:
        model: the encoder f, from inputs ``[items, ...]`` to features ``[items, features]``.
        loss: of scores ``[items, ways]`` and labels, e.g. ``F.cross_entropy``.
        ways: N; labels are 0, …, N − 1. A class without support items has scores NaN.
        settings: the other arguments of ``Learner``.

    Raises:
        ValueError: ``ways`` is below 1.

    Source: Snell, Swersky and Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017,
    equations 1, 2 and 8.
    """

    title = "ProtoNet"
    line = Line("#0e2a00", (0, (3, 2)), "H")

    def __init__(self, model: nn.Module, loss: Loss, *, ways: int, **settings: Any) -> None:
        self.ways = whole_number(ways, 1, "ways must be 1 or more classes")
        super().__init__(model, loss, **settings)

    def meta_loss(self, task: Task) -> Tensor:
        """The loss of the query items at the prototypes of the support."""
        return self.loss_at(self.with_prototypes(task.support), task.query)

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ with the prototypes, which are there at once."""
        return [self.with_prototypes(support)] * (steps + 1)

    def with_prototypes(self, support: Split) -> Weights:
        """θ, and p ``[ways, features]`` of one task."""
        theta = self.weights()
        features = self.call(theta, support.x)
        members = label_columns(support.y, self.ways, features)
        return {**theta, "prototypes": (members / members.sum(0)).T @ features}

    def call(self, weights: Weights, x: Tensor) -> Tensor:
        """Scores ``[items, ways]`` of one task; features where there are no prototypes yet."""
        theta = {name: weight for name, weight in weights.items() if name != "prototypes"}
        features = super().call(theta, x)
        if "prototypes" not in weights:
            return features
        return -((features[:, None] - weights["prototypes"]) ** 2).sum(-1)
