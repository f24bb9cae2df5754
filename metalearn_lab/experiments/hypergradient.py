"""Hypergradient descent: a rate that takes gradient steps of its own, on bowls with known answers.

θ_t = θ_{t−1} − α_t g_{t−1} has dL(θ_t)/dα_t = −g_t·g_{t−1}. So the rate goes down this slope by a
step size κ of its own: α_{t+1} = α_t + κ g_t·g_{t−1}. The first step is taken with α_1 = α_0.

Source: Baydin, Cornish, Martínez Rubio, Schmidt and Wood, "Online Learning Rate Adaptation with
Hypergradient Descent", ICLR 2018, equations 3 to 6 and algorithm 1 (SGD-HD).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Descent(NamedTuple):
    """One descent of L(θ) = ½ Σ_i a_i θ_i², for each pair of a first rate and a κ.

    Attributes:
        rates: α_1, …, α_T: those that the steps were taken with, ``[..., steps]``.
        losses: at θ_0, …, θ_T, ``[..., steps + 1]``; infinite or NaN where it ran away.
    """

    rates: Tensor
    losses: Tensor


def hypergradient_descent(
    curvatures: Tensor, start: Tensor, first_rate: Tensor, kappa: Tensor, steps: int
) -> Descent:
    """Descend with a rate that learns; κ = 0 keeps the rate constant.

    Args:
        curvatures: a, ``[weights]``.
        start: θ_0, ``[weights]``.
        first_rate: α_0, ``[...]``.
        kappa: κ, of a shape that is broadcast with it.
        steps: T.

    Raises:
        ValueError: fewer than one step.
    """
    if steps < 1:
        raise ValueError(f"a descent has one step or more, got {steps}")
    rate, kappa = torch.broadcast_tensors(  # type: ignore[no-untyped-call]
        first_rate.to(start), kappa.to(start)
    )
    theta = start.expand(*rate.shape, -1)
    gradient = curvatures * theta
    rates, losses = [], [(gradient * theta).sum(-1) / 2]
    for _ in range(steps):
        rates.append(rate)
        theta = theta - rate[..., None] * gradient
        before, gradient = gradient, curvatures * theta
        losses.append((gradient * theta).sum(-1) / 2)
        rate = rate + kappa * (gradient * before).sum(-1)
    return Descent(torch.stack(rates, -1), torch.stack(losses, -1))
