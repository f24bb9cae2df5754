"""Self-checks of the adaptation lab: a mended inner loop, similarity, intervals, reductions."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.evaluation.representation_similarity import linear_cka
from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check
from metalearn_lab.tasks.seeds import generator

InnerLoop = Callable[[Callable[[Tensor], Tensor], Tensor, float, int], Tensor]

_CURVATURE, _CENTRE, _ALPHA, _STEPS, _START = 3.0, 1.0, 0.1, 4, -2.0
_SPREAD, _HALF_WIDTH = 15.0, 1.0
_ITEMS, _SUMMED_ALPHA = 25, 0.01


@self_check
def check_inner_loop(inner_loop: InnerLoop) -> Verdict:
    """On a bowl a/2 (θ − c)², where θ_k and dθ_k/dθ = (1 − αa)^k are known.

    Args:
        inner_loop: takes a loss of θ, θ, α and k, and returns θ_k, connected to θ.
    """
    theta = torch.tensor(_START, dtype=torch.float64, requires_grad=True)
    theta_k = inner_loop(_bowl, theta, _ALPHA, _STEPS)
    if theta.item() != _START:
        return not_yet(
            "your loop has moved the start θ itself, so the next task would begin elsewhere. Make "
            "a new tensor in every step: theta = theta - ..., not theta -= ..., and no .data"
        )
    factor = (1 - _ALPHA * _CURVATURE) ** _STEPS
    if not _near(theta_k, _CENTRE + factor * (_START - _CENTRE)):
        return _wrong_place(theta_k)
    slope = None
    if theta_k.requires_grad:
        [slope] = torch.autograd.grad(theta_k, theta, allow_unused=True)
    if slope is None:
        return not_yet("θ_k is cut off from θ: no detach(), no torch.no_grad() in the loop")
    if _near(slope, 1.0):
        return not_yet(
            "dθ_k/dθ comes out as 1: this is first-order MAML in disguise. The gradient g of each "
            "step is a function of θ too. Is create_graph=True there, and is the step θ = θ − αg, "
            "not through .data?"
        )
    if not _near(slope, factor):
        return not_yet(f"dθ_k/dθ should be (1 − αa)^k = {factor:.4f}, yours is {slope:.4f}")
    return right("The start stays where it is, and dθ_k/dθ is (1 − αa)^k, as it must be.")


@self_check
def check_linear_cka(similarity: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """By the properties that define it: shift, rotation, scale, and its size.

    Args:
        similarity: takes two ``[items, features]`` and returns a scalar.
    """
    numbers = generator("linear CKA exercise")
    a = torch.randn(40, 5, generator=numbers, dtype=torch.float64)
    b = torch.randn(40, 3, generator=numbers, dtype=torch.float64) + a[:, :3]
    turned, _ = torch.linalg.qr(torch.randn(5, 5, generator=numbers, dtype=torch.float64))
    wanted, found = float(linear_cka(a, b)), float(similarity(a, b))
    if _near(similarity(a, a), 1.0) and abs(found - wanted**0.5) < 1e-6:
        return not_yet("yours is the square root of it: ‖AᵀB‖ stands squared in the numerator")
    if abs(float(similarity(a + torch.arange(5.0, dtype=torch.float64), b)) - found) > 1e-6:
        return not_yet(
            "adding a constant to a feature changes yours: centre each feature over the items"
        )
    if abs(float(similarity(2 * a, b)) - found) > 1e-6:
        return not_yet("doubling A changes yours: is ‖AᵀB‖ squared, and divided by ‖AᵀA‖ ‖BᵀB‖?")
    if abs(float(similarity(a @ turned, b)) - found) > 1e-6:
        return not_yet("turning A changes yours: it must depend on A through A Aᵀ alone")
    if abs(found - wanted) > 1e-6:
        return not_yet(f"on the test pair it should be {wanted:.4f}, yours is {found:.4f}")
    return right("It sees neither shift, nor scale, nor rotation, only what the items share.")


@self_check
def check_episodes_needed(episodes_needed: Callable[[float, float], float]) -> Verdict:
    """For a spread of 15 points and a half-width of 1 point: 865 episodes, to rounding.

    Args:
        episodes_needed: takes the standard deviation of one episode and the half-width wanted.
    """
    found = float(episodes_needed(_SPREAD, _HALF_WIDTH))
    exact = (1.96 * _SPREAD / _HALF_WIDTH) ** 2
    if abs(found / exact - 1) < 0.01:
        halved = float(episodes_needed(_SPREAD, _HALF_WIDTH / 2))
        if abs(halved / (4 * exact) - 1) < 0.01:
            return right("Half the width takes four times the episodes.")
        return not_yet("right for ± 1 point, but half the width must take four times as many")
    for likely, hint in (
        (math.sqrt(exact), "that is the root: the half-width is 1.96 s / √n, so solve for n"),
        ((_SPREAD / _HALF_WIDTH) ** 2, "that is for one standard error: 95 % takes 1.96 of them"),
        (2 * exact, "that is for the difference of two means; here it is one mean"),
    ):
        if abs(found / likely - 1) < 0.01:
            return not_yet(hint)
    return not_yet("set the half-width 1.96 s / √n to what is wanted, and solve for n")


@self_check
def check_mean_alpha(alpha: float) -> Verdict:
    """A summed loss of 25 items at α = 0.01 takes the steps of a mean loss at α = 0.25.

    Args:
        alpha: the reader's α for the mean.
    """
    if math.isclose(alpha, _SUMMED_ALPHA * _ITEMS, rel_tol=1e-3):
        return right("The sum's gradient is 25 times the mean's, so its α looks 25 times smaller.")
    if math.isclose(alpha, _SUMMED_ALPHA / _ITEMS, rel_tol=1e-3):
        return not_yet("the other way round: the mean's gradient is the smaller one")
    if math.isclose(alpha, _SUMMED_ALPHA * 5, rel_tol=1e-3):
        return not_yet("the loss is summed over all items of the support set: 5 ways, 5 shots each")
    return not_yet("how many times larger is the gradient of a sum over the support than its mean?")


def _bowl(theta: Tensor) -> Tensor:
    return _CURVATURE / 2 * (theta - _CENTRE) ** 2


def _wrong_place(theta_k: Tensor) -> Verdict:
    once = _CENTRE + (1 - _ALPHA * _CURVATURE) * (_START - _CENTRE)
    up = _CENTRE + (1 + _ALPHA * _CURVATURE) ** _STEPS * (_START - _CENTRE)
    straight = _START - _STEPS * _ALPHA * _CURVATURE * (_START - _CENTRE)
    for likely, hint in (
        (once, "that is θ after one step: take all k"),
        (up, "your steps go up the gradient: θ − αg, not θ + αg"),
        (straight, "every step used the gradient at the start: take it anew at θ_j"),
    ):
        if _near(theta_k, likely):
            return not_yet(hint)
    return not_yet(f"θ_k = {theta_k.item():.4f} is not where {_STEPS} steps of θ − αg end")


def _near(found: Tensor, wanted: float) -> bool:
    return abs(torch.as_tensor(found).item() - wanted) < 1e-6
