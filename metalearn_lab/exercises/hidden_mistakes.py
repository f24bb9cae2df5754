"""Self-checks of mistakes that hide: a mended inner loop, a check of a slope, enough episodes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from metalearn_lab.exercises.drawn_settings import drawn_settings
from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import describe_mistake, find_likely_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.seeds import generator

InnerLoop = Callable[[Callable[[Tensor], Tensor], Tensor, float, int], Tensor]
SlopeError = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor, Tensor, float], float]

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
def check_slope_error(slope_error: SlopeError) -> Verdict:
    """On smooth losses of several weights, with a gradient that is right and ones that are not.

    Args:
        slope_error: takes a loss of θ, θ, a claimed gradient, a direction d and h, and returns
            |d·g − s| / |s| with s the central difference (L(θ + hd) − L(θ − hd)) / 2h.
    """
    return judged(
        "A right gradient passes, a wrong one does not, and nobody needs to know the formula.",
        (_slope_mistake(slope_error, i, h) for i, h in enumerate((0.5, 1e-2, 1e-4))),
    )


def _slope_mistake(slope_error: SlopeError, address: int, h: float) -> str | None:
    numbers = generator("slope exercise", address)
    curved, theta, d, off = torch.randn(4, 5 + address, generator=numbers, dtype=torch.float64)

    def loss(at: Tensor) -> Tensor:
        height: Tensor = (curved * at + at**3 / 3).sum() + (at[0] * at[1]).sin()
        return height

    start = theta.clone().requires_grad_()
    [right] = torch.autograd.grad(loss(start), start)
    ahead, behind = (loss(theta + way * h * d) for way in (1, -1))
    central, forward = (ahead - behind) / (2 * h), (ahead - loss(theta)) / h
    for claimed in (right, right + 0.3 * off, -right):
        by_gradient = d @ claimed
        likely = {
            "that is a one-sided difference: step to θ − hd as well, and divide by 2h": (
                (by_gradient - forward).abs() / forward.abs()
            ),
            "divide the difference of the two losses by 2h": (
                (by_gradient - 2 * central).abs() / (2 * central).abs()
            ),
            "the error is relative: divide by the size of the slope": (by_gradient - central).abs(),
            "divide by the size of the measured slope, not of the claimed one": (
                (by_gradient - central).abs() / by_gradient.abs()
            ),
            "an error has no sign: take its absolute value": (by_gradient - central) / central,
            "d·g is the sum of the products of all entries": (claimed.sum() - central).abs()
            / central.abs(),
        }
        exact = (by_gradient - central).abs() / central.abs()
        given = number(slope_error(loss, theta.clone(), claimed.clone(), d.clone(), h))
        other = f"for one of the gradients tried it should be {exact:.4g}, yours is {given:.4g}"
        if hint := describe_mistake(
            given, exact, likely, other, tolerance=1e-4, smallest_scale=1e-3
        ):
            return hint
    return None


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
