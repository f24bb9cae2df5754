"""Checks of chapter 00: the best start, the meta-loss of bowls, and a meta-gradient by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from metalearn_lab.exercises.drawn_settings import drawn_settings
from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import describe_mistake, is_same_answer
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.quadratics import stationary_point

CURVATURES, CENTRES, ALPHA = (2.0, 6.0), (-1.0, 1.0), 0.1
TOLERANCE = 0.006  # of a number given to two decimals
QUADRATICS = drawn_settings("meta-gradient by hand", 8, (-2, 2), (0.5, 5), (-2, 2), (0.05, 0.6))
"""θ, a, c and α, with αa below 1 and above."""
MetaLoss = Callable[[float, list[float], list[float], float, int], float]
Bowl = tuple[float, float]


@self_check
def check_best_start(answer: float) -> Verdict:
    """Where the meta-loss of the bowls 2 and 6 is lowest, for α = 0.1 and one step."""
    point = {
        name: stationary_point(name, CURVATURES, CENTRES, inner_lr=ALPHA, inner_steps=1)
        for name in ("joint", "maml", "first_order_maml")
    }
    exact = point["maml"]
    likely = {
        "that is pretraining: the weights lack the factor (1 − αa)².": point["joint"],
        "the factor 1 − αa is squared.": point["first_order_maml"],
        "the sign: the shallow bowl, with a = 2, has its centre at −1.": -exact,
        "divide by the sum of the weights: it is a mean.": -2 * 0.8**2 + 6 * 0.4**2,
        "the weights lack the factor a.": (-(0.8**2) + 0.4**2) / (0.8**2 + 0.4**2),
    }
    way_on = "the weights are a(1 − αa)². Divide by their sum; the centres are −1 and +1."
    if is_same_answer(number(answer), exact, 0.05):
        way_on = "nearly: give it to two decimals."
    hint = describe_mistake(number(answer), exact, likely, way_on, TOLERANCE)
    return judged("Both bowls have a say: one step solves neither of them.", [hint])


@self_check
def check_bowls_meta_loss(answer: MetaLoss) -> Verdict:
    """The mean loss of bowls after inner steps, for one to four bowls and no to five steps."""
    return judged(
        f"It agrees on {len(_TRIED)} settings, αa above 1 among them.",
        (_meta_loss_mistake(answer, *tried) for tried in _TRIED),
    )


def _settings() -> list[tuple[float, list[Bowl], float, int]]:
    """θ, the bowls, α and k: all of them differ from one setting to the next."""
    settings = []
    for index, steps in enumerate((1, 2, 0, 3, 5, 1)):
        count = 1 + (index + 2) % 4
        bowls = drawn_settings(f"meta-loss {index}", count, (0.5, 6), (-2, 2))
        [(theta, alpha)] = drawn_settings(f"start {index}", 1, (-2, 2), (0.05, 0.35))
        settings.append((theta, [(a, c) for a, c in bowls], alpha, steps))
    return settings


_TRIED = _settings()


def _meta_loss_mistake(
    answer: MetaLoss, theta: float, bowls: Sequence[Bowl], alpha: float, steps: int
) -> str | None:
    curvatures, centres = [a for a, _ in bowls], [c for _, c in bowls]
    given = number(answer(theta, curvatures, centres, alpha, steps))
    a, c = torch.tensor(bowls, dtype=torch.float64).unbind(1)

    def after(k: int) -> Tensor:
        return a / 2 * ((1 - alpha * a) ** k * (theta - c)) ** 2

    here, chained = theta, 0.0
    for curvature, centre in bowls:
        for _ in range(steps):
            here = here - alpha * curvature * (here - centre)
        chained += curvature / 2 * (here - centre) ** 2 / len(bowls)
    exact = after(steps).mean()
    likely = {
        "this is the loss before the steps.": after(0).mean(),
        "this is the sum over the bowls: take the mean.": after(steps).sum(),
        "only one step was taken: there are `steps` of them.": after(1).mean(),
        "one step too many.": after(steps + 1).mean(),
        "only the first bowl counts here.": after(steps)[0],
        "only the last bowl counts here.": after(steps)[-1],
        "the factor ½ is missing.": 2 * exact,
        "a bowl begins where the one before ended. Begin each at theta.": torch.tensor(chained),
        "the steps go uphill: subtract α times the gradient.": (
            a / 2 * ((1 + alpha * a) ** steps * (theta - c)) ** 2
        ).mean(),
    }
    way_on = (
        f"with {len(bowls)} bowls and steps = {steps} it is {exact:.6g}, and yours {given:.6g}."
    )
    return describe_mistake(given, exact, likely, way_on, 1e-6, smallest_scale=1e-3)


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
