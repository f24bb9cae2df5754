"""Checks of chapter 00: where first-order MAML settles, and a meta-gradient by hand."""

from __future__ import annotations

from collections.abc import Callable

from metalearn_lab.exercises.drawn import drawn
from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import likely_mistake, near
from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check
from metalearn_lab.tasks.quadratics import stationary_point

BOWLS = {"curvatures": (1.0, 9.0), "centres": (-1.0, 1.0)}
CLOSE = 5e-4  # of a number given to three decimals
ROUNDED = 0.01  # of a number given to fewer decimals
QUADRATICS = drawn("meta-gradient by hand", 8, (-2, 2), (0.5, 5), (-2, 2), (0.05, 0.6))
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
        "that is joint training: the weights lack the factor (1 − αa)^k.": settles["joint"],
        "that is Reptile; take the line above it in the table.": settles["reptile"],
        "the sign: the shallow bowl, with a = 1, has its centre at −1.": -exact,
        "divide by the sum of the weights: it is a mean.": -(0.9**3) + 9 * 0.1**3,
    }
    answer = number(answer)
    if near(answer, exact, CLOSE):
        return right("Nearer to the shallow bowl with every step, but slower than MAML.")
    if near(answer, exact, ROUNDED):
        return not_yet("nearly: give it to three decimals.")
    weights = "the weights are a(1 − αa)^k. Divide by their sum; the centres are −1 and +1."
    return not_yet(likely_mistake(answer, likely, CLOSE) or weights)


@self_check
def check_meta_gradient_by_hand(
    meta_gradient: Callable[[float, float, float, float], float],
) -> Verdict:
    """The derivative in θ of a/2 (θ₁ − c)², for one inner step θ₁, by central differences."""
    found = [number(meta_gradient(*each)) for each in QUADRATICS]
    if _agrees(found, _by_differences):
        return right(f"Central differences give the same, on {len(QUADRATICS)} bowls.")
    if _agrees(found, lambda t, a, c, r: a * (_step(t, a, c, r) - c)):
        return not_yet(
            "this is the first-order gradient, the loss differentiated at θ₁ alone: the factor "
            "dθ₁/dθ = 1 − αa is missing."
        )
    if _agrees(found, lambda t, a, c, r: a * (t - c)):
        return not_yet("this is the gradient at θ. Take the inner step first, then differentiate.")
    if _agrees(found, lambda t, a, c, r: -_by_differences(t, a, c, r)):
        return not_yet("the sign: it is the gradient that is asked for, not the way down.")
    return not_yet("it is (1 − αa) times the gradient of the loss at θ₁ = θ − α a (θ − c).")


def _step(theta: float, curvature: float, centre: float, alpha: float) -> float:
    return theta - alpha * curvature * (theta - centre)


def _by_differences(theta: float, curvature: float, centre: float, alpha: float) -> float:
    """The central difference of the loss after one step; exact for a quadratic, up to rounding."""
    above, below = (
        curvature / 2 * (_step(theta + h, curvature, centre, alpha) - centre) ** 2
        for h in (1e-3, -1e-3)
    )
    return (above - below) / 2e-3


def _agrees(found: list[float], formula: Callable[[float, float, float, float], float]) -> bool:
    return all(near(one, formula(*each), 1e-5) for one, each in zip(found, QUADRATICS, strict=True))
