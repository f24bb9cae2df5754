"""Checks of chapter 00: where first-order MAML settles, and a meta-gradient by hand."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.exercises.drawn_settings import drawn_settings
from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import describe_mistake, is_same_answer
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.quadratics import stationary_point

BOWLS = {"curvatures": (1.0, 9.0), "centres": (-1.0, 1.0)}
TOLERANCE = 5e-4  # of a number given to three decimals
ROUNDED_TOLERANCE = 0.01  # of a number given to fewer decimals
QUADRATICS = drawn_settings("meta-gradient by hand", 8, (-2, 2), (0.5, 5), (-2, 2), (0.05, 0.6))
"""θ, a, c and α, with αa below 1 and above."""


@self_check
def check_first_order_point(answer: float) -> Verdict:
    """Where first-order MAML settles on the two bowls for α = 0.1 and k = 3."""
    settles = {
        name: stationary_point(name, **BOWLS, inner_lr=0.1, inner_steps=3)
        for name in ("first_order_maml", "maml", "joint", "reptile")
    }
    exact = settles["first_order_maml"]
    likely = {
        "that is MAML, with exponent 2k; first-order MAML has one factor a step.": settles["maml"],
        "that is pretraining: the weights lack the factor (1 − αa)^k.": settles["joint"],
        "that is Reptile; take the line above it in the table.": settles["reptile"],
        "the sign: the shallow bowl, with a = 1, has its centre at −1.": -exact,
        "divide by the sum of the weights: it is a mean.": -(0.9**3) + 9 * 0.1**3,
    }
    way_on = "the weights are a(1 − αa)^k. Divide by their sum; the centres are −1 and +1."
    if is_same_answer(number(answer), exact, ROUNDED_TOLERANCE):
        way_on = "nearly: give it to three decimals."
    hint = describe_mistake(number(answer), exact, likely, way_on, TOLERANCE)
    return judged("Nearer to the shallow bowl with every step, but slower than MAML.", [hint])


@self_check
def check_meta_gradient_by_hand(
    meta_gradient: Callable[[float, float, float, float], float],
) -> Verdict:
    """The derivative in θ of a/2 (θ₁ − c)², for one inner step θ₁, by central differences."""
    theta, a, c, alpha = torch.tensor(QUADRATICS, dtype=torch.float64).unbind(1)
    exact = _by_differences(theta, a, c, alpha)
    likely = {
        "this is the first-order gradient, the loss differentiated at θ₁ alone: the factor "
        "dθ₁/dθ = 1 − αa is missing.": a * (_step(theta, a, c, alpha) - c),
        "this is the gradient at θ. Take the inner step first, then differentiate.": a
        * (theta - c),
        "the sign: it is the gradient that is asked for, not the way down.": -exact,
    }
    way_on = "it is (1 − αa) times the gradient of the loss at θ₁ = θ − α a (θ − c)."
    gradients = [number(meta_gradient(*setting)) for setting in QUADRATICS]
    hint = describe_mistake(gradients, exact, likely, way_on, 1e-5)
    return judged(f"Central differences give the same, on {len(QUADRATICS)} bowls.", [hint])


def _by_differences(theta: Tensor, a: Tensor, c: Tensor, alpha: Tensor) -> Tensor:
    """The central difference of the loss after one step; exact for a quadratic, up to rounding."""
    above, below = (a / 2 * (_step(theta + h, a, c, alpha) - c) ** 2 for h in (1e-3, -1e-3))
    return (above - below) / 2e-3


def _step(theta: Tensor, a: Tensor, c: Tensor, alpha: Tensor) -> Tensor:
    return theta - alpha * a * (theta - c)
