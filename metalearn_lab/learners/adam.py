"""Adam without momentum, as an inner optimiser: every step a function of the last."""

from __future__ import annotations

from torch import Tensor

BETA_2 = 0.999
EPSILON = 1e-8


def adam_step(
    weights: dict[str, Tensor],
    gradient: dict[str, Tensor],
    squares: dict[str, Tensor],
    step: int,
    rate: float,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """θ ← θ − α g / (√v̂ + ε), with v ← β₂ v + (1 − β₂) g² and v̂ = v / (1 − β₂^{j+1}).

    Args:
        weights: θ_j; those without a gradient stay.
        gradient: g, of the weights that move.
        squares: v, zero before the first step.
        step: j.
        rate: α.

    Returns:
        θ_{j+1} and the new v.

    Source: Kingma and Ba, "Adam", ICLR 2015, algorithm 1 with β₁ = 0.
    """
    unbiased = 1 - BETA_2 ** (step + 1)
    squares = {n: BETA_2 * squares[n] + (1 - BETA_2) * g * g for n, g in gradient.items()}
    moved = {
        n: weights[n] - rate * g / ((squares[n] / unbiased).sqrt() + EPSILON)
        for n, g in gradient.items()
    }
    return {**weights, **moved}, squares
