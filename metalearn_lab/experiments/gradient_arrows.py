"""The meta-gradients of one task with two weights, in closed form: what the arrows show.

The support set has the loss ½ (θ − c_S)ᵀ A (θ − c_S), the query set ½ (θ − c_Q)ᵀ A_Q (θ − c_Q). A
few points never fit exactly one curve, so the two centres differ.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.tasks.planar_quadratics import PlanarQuadratics

SUPPORT, QUERY = 0, 1
"""Places of the two bowls in a task."""


def gradient_arrows(
    task: PlanarQuadratics, theta: Tensor, *, inner_lr: float, inner_steps: int
) -> dict[str, Tensor]:
    """MAML's and first-order MAML's meta-gradient and Reptile's φ − φ̃, each ``[2]``.

    Reptile has no query set: it trains on all points, the mean of the two bowls.

    Args:
        task: two bowls, of the support and of the query set.
        theta: the start, ``[2]``.
        inner_lr: α.
        inner_steps: k.

    Source: Finn, Abbeel and Levine, ICML 2017, equation 1; Nichol, Achiam and Schulman, 2018,
    algorithm 1.
    """
    theta_k = task.adapted(theta, inner_lr=inner_lr, inner_steps=inner_steps)[SUPPORT]
    slope = task.curvatures[QUERY] @ (theta_k - task.centres[QUERY])
    slopes_at_zero = (task.curvatures @ task.centres[..., None]).sum(0)
    middle = torch.linalg.solve(task.curvatures.sum(0), slopes_at_zero).T
    all_points = PlanarQuadratics(task.curvatures.mean(0, keepdim=True), middle)
    return {
        "maml": task.shrink(inner_lr=inner_lr, inner_steps=inner_steps)[SUPPORT] @ slope,
        "first_order_maml": slope,
        "reptile": theta - all_points.adapted(theta, inner_lr=inner_lr, inner_steps=inner_steps)[0],
    }


def bowl_loss(task: PlanarQuadratics, place: int) -> Callable[[Tensor], Tensor]:
    """The loss of one bowl as a function of θ, ``[..., 2]``: of the support or the query set."""
    return PlanarQuadratics(*(part[place : place + 1] for part in task)).loss


def meta_loss(
    task: PlanarQuadratics, theta: Tensor, *, inner_lr: float, inner_steps: int
) -> Tensor:
    """The query loss after k steps on the support set, at starts ``[..., 2]``."""
    adapted = task.adapted(theta, inner_lr=inner_lr, inner_steps=inner_steps)
    return bowl_loss(task, QUERY)(adapted[..., SUPPORT, :])
