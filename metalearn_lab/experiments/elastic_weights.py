"""Elastic weight consolidation on two bowls: a second task, tied to where the first one ended.

The losses are ½(w − c)ᵀH(w − c). After task A, task B is learned with a penalty that remembers A:

    L_B(w) + λ/2 (w − c_A)ᵀ F (w − c_A).

With F = H_A and λ = 1 the penalty *is* the loss of A, so nothing is lost. A network has too many
weights for H_A; the published method keeps its diagonal alone.

Source: Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS 2017,
equation 3.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Bowl(NamedTuple):
    """Curvature H ``[2, 2]`` and centre c ``[2]``, in float64."""

    curvature: Tensor
    centre: Tensor

    def loss(self, w: Tensor) -> Tensor:
        """½(w − c)ᵀH(w − c) of points ``[..., 2]``."""
        away = w - self.centre
        loss: Tensor = torch.einsum("...i,ij,...j->...", away, self.curvature, away) / 2
        return loss


def turned(steepness: tuple[float, float], degrees: float) -> Tensor:
    """R diag(a) Rᵀ, with the turn R by an angle, ``[2, 2]``."""
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    turn = torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)
    return turn @ torch.tensor(steepness, dtype=torch.float64).diag() @ turn.T


def elastic_point(first: Bowl, second: Bowl, *, strength: float = 1.0, diagonal: bool) -> Tensor:
    """Where the second task ends with the penalty, ``[2]``.

    Args:
        first: learned before; training ended in its centre.
        second: learned now.
        strength: λ; 0 is plain fine-tuning.
        diagonal: keep the diagonal of the first curvature alone.
    """
    kept = first.curvature.diagonal().diag() if diagonal else first.curvature
    tie = strength * kept
    pulls = tie @ first.centre + second.curvature @ second.centre
    point: Tensor = torch.linalg.solve(tie + second.curvature, pulls)
    return point


def joint_point(first: Bowl, second: Bowl) -> Tensor:
    """Where the sum of both losses is lowest, ``[2]``."""
    return elastic_point(first, second, diagonal=False)


def excess(w: Tensor, first: Bowl, second: Bowl) -> Tensor:
    """By how much the sum of both losses at w is above its lowest value."""
    best = joint_point(first, second)
    return sum((bowl.loss(w) - bowl.loss(best) for bowl in (first, second)), torch.tensor(0.0))
