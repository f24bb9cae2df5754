"""Quadratic tasks in the plane: two weights, a curvature matrix a task, answers in closed form.

Task i has the loss L_i(φ) = ½ (φ − c_i)ᵀ A_i (φ − c_i), the same on support and query. The tasks of
``tasks.quadratics`` are these on a line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.tasks.quadratics import Algorithm, centre_weight
from metalearn_lab.tasks.types import Split, Task


class PlanarQuadratics(NamedTuple):
    """Some tasks, in float64.

    Attributes:
        curvatures: A_i, symmetric and positive definite, ``[tasks, 2, 2]``.
        centres: c_i, ``[tasks, 2]``.
    """

    curvatures: Tensor
    centres: Tensor

    def loss(self, phi: Tensor) -> Tensor:
        """Mean of L_i over the tasks at points ``[..., 2]``."""
        return self._mean_loss(phi[..., None, :])

    def loss_after(self, phi: Tensor, *, inner_lr: float, inner_steps: int) -> Tensor:
        """Mean of L_i(φ̃_i), each task at its own adapted point, for starts ``[..., 2]``."""
        return self._mean_loss(self.adapted(phi, inner_lr=inner_lr, inner_steps=inner_steps))

    def gradient_after(self, phi: Tensor, *, inner_lr: float, inner_steps: int) -> Tensor:
        """The gradient of ``loss_after`` in φ, Σ A_i (I − αA_i)^{2k} (φ − c_i) / n, ``[..., 2]``.

        With no inner steps it is the gradient of ``loss``.
        """
        shrink = self.shrink(inner_lr=inner_lr, inner_steps=2 * inner_steps)
        away = (phi[..., None, :] - self.centres)[..., None]
        return (self.curvatures @ shrink @ away)[..., 0].mean(-2)

    def adapted(self, phi: Tensor, *, inner_lr: float, inner_steps: int) -> Tensor:
        """φ̃_i = c_i + (I − αA_i)^k (φ − c_i): where k steps of size α take φ.

        Args:
            phi: starts, ``[..., 2]``.
            inner_lr: α.
            inner_steps: k.

        Returns:
            ``[..., tasks, 2]``.
        """
        shrink = self.shrink(inner_lr=inner_lr, inner_steps=inner_steps)
        away = (phi[..., None, :] - self.centres)[..., None]
        return self.centres + (shrink @ away)[..., 0]

    def shrink(self, *, inner_lr: float, inner_steps: int) -> Tensor:
        """(I − αA_i)^k, ``[tasks, 2, 2]``."""
        one_step = torch.eye(2, dtype=self.curvatures.dtype) - inner_lr * self.curvatures
        return one_step.matrix_power(inner_steps)

    def stationary_point(
        self, algorithm: Algorithm, *, inner_lr: float, inner_steps: int
    ) -> Tensor:
        """Where an algorithm settles: (Σ M_i)⁻¹ Σ M_i c_i, ``[2]``.

        M_i is A_i for pretraining, A_i(I − αA_i)^{2k} for MAML, A_i(I − αA_i)^k for first-order
        MAML and I − (I − αA_i)^k for Reptile: along each axis of a bowl the weight of the centre of
        a task on a line.
        """
        steepness, axes = torch.linalg.eigh(self.curvatures)
        along_axes = centre_weight(algorithm, steepness, 1 - inner_lr * steepness, inner_steps)
        weights = axes @ torch.diag_embed(along_axes) @ axes.mT
        pulls = (weights @ self.centres[..., None]).sum(0)[:, 0]
        point: Tensor = torch.linalg.solve(weights.sum(0), pulls)
        return point

    def _mean_loss(self, points: Tensor) -> Tensor:
        """Mean of L_i, each at its own point, ``[..., tasks, 2]`` or ``[..., 1, 2]``."""
        away = points - self.centres
        return torch.einsum("...ti,tij,...tj->...t", away, self.curvatures, away).mean(-1) / 2

    def tasks(self) -> Task:
        """The same as data, for any learner: ``Linear(2, 1)`` without bias has the weights φ.

        With A = RᵀR, two items with the rows of √2·R as inputs and √2·R c as targets give L_i
        under ``quadratics.half_squared_error``.
        """
        x = math.sqrt(2) * torch.linalg.cholesky(self.curvatures).transpose(1, 2)
        split = Split(x, x @ self.centres[..., None])
        return Task(split, split)


def planar_quadratics(
    steepness: Sequence[tuple[float, float]],
    angles: Sequence[float],
    centres: Sequence[tuple[float, float]],
) -> PlanarQuadratics:
    """Tasks by the two curvatures of each bowl and the direction of the first.

    Args:
        steepness: both eigenvalues of each A_i, positive.
        angles: of the first one's direction, in degrees.
        centres: c_i.

    Raises:
        ValueError: different lengths, none, or a curvature that is not positive.
    """
    if not len(steepness) == len(angles) == len(centres) > 0:
        raise ValueError(
            "give as many pairs of curvatures, angles and centres, at least one: got "
            f"{len(steepness)}, {len(angles)} and {len(centres)}"
        )
    if min(min(pair) for pair in steepness) <= 0:
        raise ValueError(f"curvatures must be positive, got {list(steepness)}")
    turns = torch.deg2rad(torch.tensor(angles, dtype=torch.float64))
    cos, sin = turns.cos(), turns.sin()
    rotation = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)
    diagonal = torch.diag_embed(torch.tensor(steepness, dtype=torch.float64))
    curvatures = rotation @ diagonal @ rotation.transpose(1, 2)
    return PlanarQuadratics(curvatures, torch.tensor(centres, dtype=torch.float64))
