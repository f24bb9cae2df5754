"""Self-checks of the adaptation lab: a mended inner loop, similarity, intervals, reductions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from metalearn_lab.exercises.drawn import drawn
from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import likely_mistake, near
from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check
from metalearn_lab.experiments.representation_similarity import linear_cka
from metalearn_lab.tasks.seeds import generator

InnerLoop = Callable[[Callable[[Tensor], Tensor], Tensor, float, int], Tensor]

_SUMMED_ALPHA, _ITEMS = 0.01, 25
_SPREADS = ((15.0, 1.0), (15.0, 0.5), (3.0, 1.0), (24.0, 2.0))
"""A standard deviation, and the half-width wanted."""


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
    bowls = drawn("inner loop", 3, (0.5, 3), (-1, 1), (0.2, 0.6), (-1.5, 1.5), (0.02, 0.1))
    settings = [
        (_Bowl(3.0, 1.0), -2.0, 0.1, 4),
        *((_Bowl(a, c, b), start, alpha, 2 + i) for i, (a, c, b, start, alpha) in enumerate(bowls)),
    ]
    for setting in settings:
        if mistake := _inner_loop_mistake(inner_loop, *setting):
            return not_yet(mistake)
    return right("The start stays where it is, and dθ_k/dθ is the product of 1 − αL″(θ_j).")


def _inner_loop_mistake(
    inner_loop: InnerLoop, bowl: _Bowl, start: float, alpha: float, steps: int
) -> str | None:
    """What is wrong on one bowl; None where nothing is."""
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    theta_k = tensor(inner_loop(bowl, theta, alpha, steps), ())
    path = bowl.path(start, alpha, steps)
    if not near(theta_k.item(), path[-1]):
        return _wrong_place(theta_k.item(), bowl, path, alpha)
    found = None
    if theta_k.requires_grad:
        [found] = torch.autograd.grad(theta_k, theta, allow_unused=True)
    if found is None:
        return "θ_k is cut off from θ: no detach(), no torch.no_grad() in the loop"
    slope, factor = found.item(), math.prod(1 - alpha * bowl.curvature(each) for each in path[:-1])
    if near(slope, factor):
        return None
    if near(slope, 1.0):
        return (
            "dθ_k/dθ comes out as 1: this is first-order MAML in disguise. The gradient g of each "
            "step is a function of θ too. Is create_graph=True there, and is the step θ = θ − αg, "
            "not through .data?"
        )
    if near(slope, (1 - alpha * bowl.curvature(start)) ** steps):
        return "every step has the curvature at the start: step j has that at θ_j"
    return (
        f"dθ_k/dθ should be {factor:.4f}, the product of 1 − αL″(θ_j) over the steps (on a bowl of "
        f"curvature a, (1 − αa)^k); yours is {slope:.4f}"
    )


def _wrong_place(theta_k: float, bowl: _Bowl, path: list[float], alpha: float) -> str:
    start, steps = path[0], len(path) - 1
    likely = {
        "that is θ after one step: take all k": path[1],
        "your steps go up the gradient: θ − αg, not θ + αg": bowl.path(start, -alpha, steps)[-1],
        "every step used the gradient at the start: take it anew at θ_j": start
        - steps * alpha * bowl.slope(start),
    }
    wrong = f"θ_k = {theta_k:.4f} is not where {steps} steps of θ − αg end"
    return likely_mistake(theta_k, likely) or wrong


@self_check
def check_linear_cka(similarity: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """By the properties that define it: shift, rotation, scale, and its size.

    Args:
        similarity: takes two ``[items, features]`` and returns a scalar.
    """
    for sizes in ((40, 5, 3), (25, 3, 4), (30, 4, 4)):
        if mistake := _similarity_mistake(similarity, *sizes):
            return not_yet(mistake)
    return right("It sees neither shift, nor scale, nor rotation, only what the items share.")


def _similarity_mistake(
    similarity: Callable[[Tensor, Tensor], Tensor], items: int, features: int, others: int
) -> str | None:
    """What is wrong on one pair of representations; None where nothing is."""
    numbers = generator("linear CKA exercise", items)
    a, shared, mixed, noise, square = (
        torch.randn(shape, generator=numbers, dtype=torch.float64)
        for shape in (
            (items, features),
            (features, others),
            (features, features),
            (items, others),
            (features, features),
        )
    )
    b, turned = noise + a @ shared, torch.linalg.qr(square).Q
    a = a @ mixed
    wanted, found = linear_cka(a, b).item(), number(similarity(a, b))
    if near(number(similarity(a, a)), 1.0) and near(found, wanted**0.5):
        return "yours is the square root of it: ‖AᵀB‖ stands squared in the numerator"
    shift = torch.arange(features, dtype=torch.float64)
    if not near(number(similarity(a + shift, b)), found):
        return "adding a constant to a feature changes yours: centre each feature over the items"
    if not near(number(similarity(2 * a, b)), found):
        return "doubling A changes yours: is ‖AᵀB‖ squared, and divided by ‖AᵀA‖ ‖BᵀB‖?"
    if not near(number(similarity(a @ turned, b)), found):
        return "turning A changes yours: it must depend on A through A Aᵀ alone"
    if not near(found, wanted):
        return f"on the test pair it should be {wanted:.4f}, yours is {found:.4f}"
    return None


@self_check
def check_episodes_needed(episodes_needed: Callable[[float, float], float]) -> Verdict:
    """For a spread of 15 points and a half-width of 1 point: 865 episodes, to rounding.

    Args:
        episodes_needed: takes the standard deviation of one episode and the half-width wanted.
    """
    for index, (spread, half_width) in enumerate(_SPREADS):
        found = number(episodes_needed(spread, half_width))
        exact = (1.96 * spread / half_width) ** 2
        # As it is, or rounded up; 1.95996 for 1.96 will do.
        if 0.999 * exact <= found <= 1.001 * exact + 1:
            continue
        if math.floor(exact) == found:
            return not_yet(f"{exact:.2f} episodes rounded down are too few: round up")
        if index == 1:
            return not_yet("right for ± 1 point, but half the width must take four times as many")
        if index > 1:
            return not_yet(f"right for a standard deviation of 15, not for one of {spread:g}")
        likely = {
            "that is the root: the half-width is 1.96 s / √n, so solve for n": math.sqrt(exact),
            "that is for one standard error: 95 % takes 1.96 of them": (spread / half_width) ** 2,
            "that is for the difference of two means; here it is one mean": 2 * exact,
        }
        way_on = "set the half-width 1.96 s / √n to what is wanted, and solve for n"
        return not_yet(likely_mistake(found, likely, close=0.01) or way_on)
    return right("Half the width takes four times the episodes.")


@self_check
def check_mean_alpha(alpha: float) -> Verdict:
    """A summed loss of 25 items at α = 0.01 takes the steps of a mean loss at α = 0.25.

    Args:
        alpha: the reader's α for the mean.
    """
    alpha = number(alpha)
    if math.isclose(alpha, _SUMMED_ALPHA * _ITEMS, rel_tol=1e-3):
        return right("The sum's gradient is 25 times the mean's, so its α looks 25 times smaller.")
    if math.isclose(alpha, _SUMMED_ALPHA / _ITEMS, rel_tol=1e-3):
        return not_yet("the other way round: the mean's gradient is the smaller one")
    if math.isclose(alpha, _SUMMED_ALPHA * 5, rel_tol=1e-3):
        return not_yet("the loss is summed over all items of the support set: 5 ways, 5 shots each")
    return not_yet("how many times larger is the gradient of a sum over the support than its mean?")
