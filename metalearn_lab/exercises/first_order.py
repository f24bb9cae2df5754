"""Self-checks of the exercises on first-order gradients: one in code, one on the Taylor result."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check

LossOf = Callable[[Tensor], Tensor]


@self_check
def check_first_order_gradient(
    gradient: Callable[[Tensor, LossOf, LossOf, float, int], Tensor | tuple[Tensor]],
) -> Verdict:
    """``gradient(theta, support_loss, query_loss, alpha, steps)`` is ∇L_Q(θ_k)."""
    alpha = 0.1
    for steps in (3, 1):
        theta = torch.tensor([0.7, -1.3], dtype=torch.float64)
        given = theta.clone()
        found = gradient(theta, _support_loss, _query_loss, alpha, steps)
        if isinstance(found, tuple):
            return not_yet("autograd.grad returns a tuple: unpack it, `[gradient] = …`.")
        if not torch.equal(theta.detach(), given):
            return not_yet("theta itself has changed: make new tensors, as in θ_j − αg.")
        if not _same(found, _first_order(given, alpha, steps)):
            return not_yet(_first_order_mistake(found, given, alpha, steps))
    return right("Nothing was differentiated twice: the inner gradients are plain numbers.")


def _support_loss(theta: Tensor) -> Tensor:
    return 2 * theta[0] ** 2 + theta[0] * theta[1] + theta[1] ** 4 / 4


def _query_loss(theta: Tensor) -> Tensor:
    return (theta[0] - 1) ** 2 + torch.cosh(theta[1] + 0.5)


def _first_order(theta: Tensor, alpha: float, steps: int) -> Tensor:
    return _slope(_query_loss, _path(theta, alpha, steps)[-1])


def _first_order_mistake(found: Tensor, theta: Tensor, alpha: float, steps: int) -> str:
    path = _path(theta, alpha, steps)
    mistakes = {
        "this is MAML's gradient: the inner gradients are still differentiated. Hold them "
        "constant.": _maml(theta, alpha, steps),
        "this is the query gradient at θ, before any inner step. Take it at θ_k.": _slope(
            _query_loss, theta
        ),
        "this is the gradient of the support loss. The outer gradient is the query's.": _slope(
            _support_loss, path[-1]
        ),
        "the inner steps go uphill: subtract α times the gradient.": _first_order(
            theta, -alpha, steps
        ),
        "only one inner step was taken. There are `steps` of them.": _first_order(theta, alpha, 1),
        "this is θ_k. Return the query gradient there.": path[-1],
    }
    return _named(found, mistakes, "compare with ∇L_Q(θ_k), θ_{j+1} = θ_j − α∇L_S(θ_j).")


def _path(theta: Tensor, alpha: float, steps: int) -> list[Tensor]:
    path = [theta]
    for _ in range(steps):
        path.append(path[-1] - alpha * _slope(_support_loss, path[-1]))
    return path


def _slope(loss: LossOf, theta: Tensor) -> Tensor:
    slope: Tensor = torch.func.grad(loss)(theta.detach())
    return slope


def _maml(theta: Tensor, alpha: float, steps: int) -> Tensor:
    return _slope(lambda start: _query_loss(_differentiable_path(start, alpha, steps)), theta)


def _differentiable_path(theta: Tensor, alpha: float, steps: int) -> Tensor:
    for _ in range(steps):
        theta = theta - alpha * torch.func.grad(_support_loss)(theta)
    return theta


@self_check
def check_matching_minibatches(answer: float) -> Verdict:
    """With how many minibatches Reptile's ratio is that of first-order MAML with 4: 7."""
    match answer:
        case 7:
            return right("(k − 1)/2 = 3. To match MAML with 4, Reptile would need 13.")
        case 4:
            return not_yet("with equal k, Reptile's ratio is half as large: divide −½k(k−1)α by k.")
        case 6:
            return not_yet("nearly: the ratio of Reptile is −½(k − 1)α, not −½kα.")
        case 3:
            return not_yet("Reptile's −½k(k−1)α goes with k times AvgGrad: compare the ratios.")
        case 13:
            return not_yet("that matches MAML. First-order MAML has −(k − 1)α.")
    return not_yet("set −½(k − 1)α, Reptile's ratio, equal to −(4 − 1)α and solve for k.")


def _same(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(torch.as_tensor(one).detach().double(), other, rtol=1e-6, atol=1e-9)


def _named(found: Tensor, mistakes: Mapping[str, Tensor], otherwise: str) -> str:
    """The first mistake that gives what was found."""
    return next((hint for hint, value in mistakes.items() if _same(found, value)), otherwise)
