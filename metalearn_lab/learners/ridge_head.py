"""A closed-form ridge head: learn features in which ridge regression on the support does well."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from metalearn_lab.learners.closed_form import ClosedForm
from metalearn_lab.learners.line import Line
from metalearn_lab.running.per_task import Loss


class RidgeHead(ClosedForm):
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
    solution_name = "ridge"

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        ways: int,
        regularisation: float = 1.0,
        **settings: Any,
    ) -> None:
        if not 0 < regularisation < float("inf"):
            raise ValueError(f"regularisation must be a positive number, got {regularisation}")
        super().__init__(model, loss, ways=ways, **settings)
        self.log_regularisation = nn.Parameter(torch.tensor(float(regularisation)).log())
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.bias = nn.Parameter(torch.tensor(0.0))

    def solution(self, features: Tensor, classes: Tensor) -> Tensor:
        """W ``[features, ways]``."""
        return ridge(features, classes, self.log_regularisation.exp())

    def scores(self, features: Tensor, solution: Tensor) -> Tensor:
        """s·fᵀW + b, ``[items, ways]``."""
        return self.scale * features @ solution + self.bias


def ridge(features: Tensor, targets: Tensor, regularisation: Tensor) -> Tensor:
    """W ``[features, targets]``, by the form with fewer unknowns."""
    items, width = features.shape
    if width <= items:
        return _solve(features.T @ features, regularisation, features.T @ targets)
    return features.T @ _solve(features @ features.T, regularisation, targets)


def _solve(gram: Tensor, regularisation: Tensor, right_side: Tensor) -> Tensor:
    """(gram + λI)⁻¹ right_side."""
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    return torch.linalg.solve(gram + regularisation * identity, right_side)
