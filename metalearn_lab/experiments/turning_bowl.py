"""One bowl in the plane, and the rates that serve it best: one for all weights, or one for each.

All tasks share the curvature A = R diag(a) Rᵀ, turned by an angle, and differ in where they begin,
seen from their centre: e = θ − c, with second moments V = E eeᵀ. One step with rates r on the two
weights goes to (I − diag(r) A) e, and the mean loss after it is

    L(r) = ½ tr(A V) − Σ_i r_i M_ii + ½ rᵀ (A ∘ M) r,   M = A V A = E ggᵀ,

with g the gradient. So the best single rate is tr(M) / tr(A M), and the best two are
(A ∘ M)⁻¹ diag(M).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.tasks.planar_quadratics import planar_quadratics


class TurningBowl(NamedTuple):
    """Tasks of one curvature, in float64.

    Attributes:
        curvature: A, symmetric and positive definite, ``[2, 2]``.
        spread: V, the second moments of θ − c over the tasks, ``[2, 2]``.
    """

    curvature: Tensor
    spread: Tensor

    def loss_after(self, rates: Tensor) -> Tensor:
        """Mean loss after one step with rates ``[..., 2]``, one for each weight."""
        gradients = self._gradient_moments
        bend = self.curvature * gradients
        return (
            (self.curvature * self.spread).sum() / 2
            - rates @ gradients.diagonal()
            + torch.einsum("...i,ij,...j->...", rates, bend, rates) / 2
        )

    def best_single_rate(self) -> Tensor:
        """The one rate with the lowest mean loss after a step, repeated: ``[2]``."""
        gradients = self._gradient_moments
        rate = gradients.trace() / (self.curvature @ gradients).trace()
        return rate.nan_to_num(0.0).expand(2)  # no gradient, no step

    def best_rates(self) -> Tensor:
        """The two rates with the lowest mean loss after a step, ``[2]``; either may be negative."""
        gradients = self._gradient_moments
        best: Tensor = torch.linalg.lstsq(
            self.curvature * gradients, gradients.diagonal()[:, None], driver="gelsd"
        ).solution[:, 0]
        return best

    def stepped(self, start: Tensor, rates: Tensor) -> Tensor:
        """Where one step takes θ − c, ``[2]``."""
        return start - rates * (self.curvature @ start)

    @property
    def _gradient_moments(self) -> Tensor:
        """M = E ggᵀ, ``[2, 2]``."""
        return self.curvature @ self.spread @ self.curvature


def turning_bowl(
    steepness: tuple[float, float], degrees: float, start: Tensor | None = None
) -> TurningBowl:
    """A bowl whose first axis is turned away from the first weight.

    Args:
        steepness: a, both curvatures, positive.
        degrees: the angle between that axis and the first weight's.
        start: θ − c of the only task, ``[2]``; where it is not given, tasks begin in all
            directions alike, V = I.

    Raises:
        ValueError: a curvature that is not positive, or an angle or start that is not finite.
    """
    if not math.isfinite(degrees) or not (start is None or start.isfinite().all()):
        raise ValueError(f"the angle and the start must be finite, got {degrees} and {start}")
    curvature = planar_quadratics([steepness], [degrees], [(0.0, 0.0)]).curvatures[0]
    spread = torch.eye(2, dtype=curvature.dtype) if start is None else torch.outer(start, start)
    return TurningBowl(curvature, spread.to(curvature))
