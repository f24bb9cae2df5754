"""Self-checks of the adaptation lab: a mended inner loop, similarity, intervals, reductions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from metalearn_lab.exercises.drawn_settings import drawn_settings
from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import describe_mistake, find_likely_mistake, is_same_answer
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.experiments.representation_similarity import linear_cka
from metalearn_lab.tasks.seeds import generator

InnerLoop = Callable[[Callable[[Tensor], Tensor], Tensor, float, int], Tensor]

_SUMMED_ALPHA, _ITEMS = 0.01, 25
_SPREADS = {
    (15.0, 1.0): "set the half-width 1.96 s / √n to what is wanted, and solve for n",
    (15.0, 0.5): "right for ± 1 point, but half the width must take four times as many",
    (3.0, 1.0): "right for a standard deviation of 15, not for one of 3",
    (24.0, 2.0): "right for a standard deviation of 15, not for one of 24",
}
"""Hints by a standard deviation, and the half-width wanted."""


@dataclass(frozen=True)
class _Bowl:
    """The loss a/2 (θ − c)² + b/4 (θ − c)⁴; its curvature changes with θ unless b is 0."""

    a: float
    c: float
    b: float = 0.0

    def __call__(self, theta: Tensor) -> Tensor:
        return self.a / 2 * (theta - self.c) ** 2 + self.b / 4 * (theta - self.c) ** 4

    def slope(self, theta: float) -> float:
        return self.a * (theta - self.c) + self.b * (theta - self.c) ** 3

    def curvature(self, theta: float) -> float:
        return self.a + 3 * self.b * (theta - self.c) ** 2

    def path(self, theta: float, alpha: float, steps: int) -> list[float]:
        """θ_0, …, θ_k."""
        path = [theta]
        for _ in range(steps):
            path.append(path[-1] - alpha * self.slope(path[-1]))
        return path


@self_check
def check_inner_loop(inner_loop: InnerLoop) -> Verdict:
    """On bowls where θ_k and dθ_k/dθ, the product of 1 − αL″(θ_j), are known.

    Args:
        inner_loop: takes a loss of θ, θ, α and k, and returns θ_k, connected to θ.
    """
    bowls = drawn_settings("inner loop", 3, (0.5, 3), (-1, 1), (0.2, 0.6), (-1.5, 1.5), (0.02, 0.1))
    settings = [
        (_Bowl(3.0, 1.0), -2.0, 0.1, 4),
        *((_Bowl(a, c, b), start, alpha, 2 + i) for i, (a, c, b, start, alpha) in enumerate(bowls)),
    ]
    return judged(
        "The start stays where it is, and dθ_k/dθ is the product of 1 − αL″(θ_j).",
        (_inner_loop_mistake(inner_loop, *setting) for setting in settings),
    )


def _inner_loop_mistake(
    inner_loop: InnerLoop, bowl: _Bowl, start: float, alpha: float, steps: int
) -> str | None:
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    theta_k = tensor(inner_loop(bowl, theta, alpha, steps), ())
    path = bowl.path(start, alpha, steps)
    likely_ends = {
        "that is θ after one step: take all k": path[1],
        "your steps go up the gradient: θ − αg, not θ + αg": bowl.path(start, -alpha, steps)[-1],
        "every step used the gradient at the start: take it anew at θ_j": start
        - steps * alpha * bowl.slope(start),
    }
    wrong_end = f"θ_k = {theta_k.item():.4f} is not where {steps} steps of θ − αg end"
    if hint := describe_mistake(theta_k.item(), path[-1], likely_ends, wrong_end):
        return hint
    slope = None
    if theta_k.requires_grad:
        [slope] = torch.autograd.grad(theta_k, theta, allow_unused=True)
    if slope is None:
        return "θ_k is cut off from θ: no detach(), no torch.no_grad() in the loop"
    exact = math.prod(1 - alpha * bowl.curvature(theta_j) for theta_j in path[:-1])
    likely_slopes = {
        "dθ_k/dθ comes out as 1: this is first-order MAML in disguise. The gradient g of each "
        "step is a function of θ too. Is create_graph=True there, and is the step θ = θ − αg, "
        "not through .data?": 1.0,
        "every step has the curvature at the start: step j has that at θ_j": (
            1 - alpha * bowl.curvature(start)
        )
        ** steps,
    }
    return describe_mistake(
        slope,
        exact,
        likely_slopes,
        f"dθ_k/dθ should be {exact:.4f}, the product of 1 − αL″(θ_j) over the steps (on a bowl of "
        f"curvature a, (1 − αa)^k); yours is {slope.item():.4f}",
    )


@self_check
def check_linear_cka(similarity: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """By the properties that define it: shift, rotation, scale, and its size.

    Args:
        similarity: takes two ``[items, features]`` and returns a scalar.
    """
    return judged(
        "It sees neither shift, nor scale, nor rotation, only what the items share.",
        (_similarity_mistake(similarity, *sizes) for sizes in ((40, 5, 3), (25, 3, 4), (30, 4, 4))),
    )


def _similarity_mistake(
    similarity: Callable[[Tensor, Tensor], Tensor], items: int, features: int, others: int
) -> str | None:
    numbers = generator("linear CKA exercise", items)
    square = (features, features)
    shapes = ((items, features), (features, others), square, (items, others), square)
    a, shared, mixed, noise, rotation = (
        torch.randn(shape, generator=numbers, dtype=torch.float64) for shape in shapes
    )
    b = noise + a @ shared
    a = a @ mixed
    exact, given = linear_cka(a, b).item(), number(similarity(a, b))
    if is_same_answer(number(similarity(a, a)), 1.0) and is_same_answer(given, exact**0.5):
        return "yours is the square root of it: ‖AᵀB‖ stands squared in the numerator"
    without_effect = {
        "adding a constant to a feature changes yours: centre each feature over the items": a
        + torch.arange(features),
        "doubling A changes yours: is ‖AᵀB‖ squared, and divided by ‖AᵀA‖ ‖BᵀB‖?": 2 * a,
        "turning A changes yours: it must depend on A through A Aᵀ alone": a
        @ torch.linalg.qr(rotation).Q,
    }
    for hint, changed in without_effect.items():
        if not is_same_answer(number(similarity(changed, b)), given):
            return hint
    return describe_mistake(
        given, exact, {}, f"on the test pair it should be {exact:.4f}, yours is {given:.4f}"
    )


@self_check
def check_episodes_needed(episodes_needed: Callable[[float, float], float]) -> Verdict:
    """For a spread of 15 points and a half-width of 1 point: 865 episodes, to rounding.

    Args:
        episodes_needed: takes the standard deviation of one episode and the half-width wanted.
    """
    return judged(
        "Half the width takes four times the episodes.",
        (
            _episodes_mistake(number(episodes_needed(*setting)), *setting, hint)
            for setting, hint in _SPREADS.items()
        ),
    )


def _episodes_mistake(
    given: float, spread: float, half_width: float, other_hint: str
) -> str | None:
    exact = (1.96 * spread / half_width) ** 2
    # As it is, or rounded up; 1.95996 for 1.96 will do.
    if 0.999 * exact <= given <= 1.001 * exact + 1:
        return None
    if math.floor(exact) == given:
        return f"{exact:.2f} episodes rounded down are too few: round up"
    if (spread, half_width) != (15.0, 1.0):
        return other_hint
    likely = {
        "that is the root: the half-width is 1.96 s / √n, so solve for n": math.sqrt(exact),
        "that is for one standard error: 95 % takes 1.96 of them": (spread / half_width) ** 2,
        "that is for the difference of two means; here it is one mean": 2 * exact,
    }
    return find_likely_mistake(given, likely, tolerance=0.01) or other_hint


@self_check
def check_mean_alpha(alpha: float) -> Verdict:
    """A summed loss of 25 items at α = 0.01 takes the steps of a mean loss at α = 0.25.

    Args:
        alpha: the reader's α for the mean.
    """
    likely = {
        "the other way round: the mean's gradient is the smaller one": _SUMMED_ALPHA / _ITEMS,
        "the loss is summed over all items of the support set: 5 ways, 5 shots each": _SUMMED_ALPHA
        * 5,
    }
    way_on = "how many times larger is the gradient of a sum over the support than its mean?"
    hint = describe_mistake(
        number(alpha), _SUMMED_ALPHA * _ITEMS, likely, way_on, tolerance=1e-3, smallest_scale=0.0
    )
    return judged(
        "The sum's gradient is 25 times the mean's, so its α looks 25 times smaller.", [hint]
    )
