"""A closed-form ridge head: learn features in which ridge regression on the support does well."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from metalearn_lab.learners.label_columns import label_columns
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.settings import whole_number
from metalearn_lab.running.per_task import Loss, Trajectory, Weights
from metalearn_lab.tasks.types import Split, Task


class RidgeHead(Learner):
    """W = argmin ‖FW − Y‖² + λ‖W‖² on the support's features F, differentiated through the solve.

    Y has a column for each class, 1 for an item's own. Scores of a query item are s·fᵀW + b; λ, s
    and b are learned with the encoder. Solved in the smaller of its two forms, with as many
    unknowns as features or as support items:

        W = (FᵀF + λI)⁻¹FᵀY = Fᵀ(FFᵀ + λI)⁻¹Y.

    Args:
        model: the encoder f, from inputs ``[items, ...]`` to features ``[items, features]``.
        loss: of scores ``[items, ways]`` and labels, e.g. ``F.cross_entropy``.
        ways: N; labels are 0, …, N − 1.
        regularisation: where λ begins; its logarithm is learned, so it stays positive.
        settings: the other arguments of ``Learner``.

    Raises:
        ValueError: ``ways`` is below 1, or λ is not positive.

    Source: Bertinetto, Henriques, Torr and Vedaldi, "Meta-learning with differentiable closed-form
    solvers", ICLR 2019, equations 4, 5 and 6 (R2-D2).
    """

    title = "ridge head"
    line = Line("#3c013f", (0, (1, 1, 5, 1)), "8")

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        ways: int,
        regularisation: float = 1.0,
        **settings: Any,
    ) -> None:
        self.ways = whole_number(ways, 1, "ways must be 1 or more classes")
        if not 0 < regularisation < float("inf"):
            raise ValueError(f"regularisation must be a positive number, got {regularisation}")
        super().__init__(model, loss, **settings)
        self.log_regularisation = nn.Parameter(torch.tensor(float(regularisation)).log())
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.bias = nn.Parameter(torch.tensor(0.0))

    def meta_loss(self, task: Task) -> Tensor:
        """The loss of the query items under the support's ridge solution."""
        return self.loss_at(self.with_solution(task.support), task.query)

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ with the solution, which is there at once."""
        return [self.with_solution(support)] * (steps + 1)

    def with_solution(self, support: Split) -> Weights:
        """θ, and W ``[features, ways]`` of one task."""
        theta = self.weights()
        features = self.call(theta, support.x)
        targets = label_columns(support.y, self.ways, features)
        regularisation = self.log_regularisation.exp()
        return {**theta, "ridge": ridge(features, targets, regularisation)}

    def call(self, weights: Weights, x: Tensor) -> Tensor:
        """Scores ``[items, ways]`` of one task; features where there is no solution yet."""
        theta = {name: weight for name, weight in weights.items() if name != "ridge"}
        features = super().call(theta, x)
        if "ridge" not in weights:
            return features
        return self.scale * features @ weights["ridge"] + self.bias


def ridge(features: Tensor, targets: Tensor, regularisation: Tensor) -> Tensor:
    """W ``[features, targets]``, by the form with fewer unknowns."""
    items, width = features.shape
    if width <= items:
        return _solve(features.T @ features, regularisation, features.T @ targets)
    return features.T @ _solve(features @ features.T, regularisation, targets)


def _solve(gram: Tensor, regularisation: Tensor, right_side: Tensor) -> Tensor:
    """(gram + λI)⁻¹ right_side."""
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    solved: Tensor = torch.linalg.solve(gram + regularisation * identity, right_side)
    return solved
