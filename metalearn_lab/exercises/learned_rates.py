"""Self-checks of learned rates: hypergradient descent, and the loss that Meta-SGD lowers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from metalearn_lab.exercises.finite import tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Refused, Verdict, judged, self_check
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split

HypergradientDescent = Callable[[Callable[[Tensor], Tensor], Tensor, float, float, int], Tensor]
"""Gradient function, θ_0, α_0, κ and the number of steps to the final θ."""

MetaSGDLoss = Callable[[nn.Module, Mapping[str, Tensor], Split, Split], Tensor]
"""Model, rates by the name of the weight, support and query to L_Q(θ_1)."""


@self_check
def check_hypergradient_descent(answer: HypergradientDescent) -> Verdict:
    """Where a descent ends whose rate learns, on curved losses of several sizes.

    Args:
        answer: takes a function that gives the gradient at θ, θ_0, α_0, κ and the number of steps.
    """
    settings = ((0.1, 0.01, 4, 3), (0.0, 0.02, 3, 2), (0.05, 0.005, 6, 5))
    return judged(
        "The rate follows the product of two gradients, and the steps follow the rate.",
        (_descent_mistake(answer, i, *each) for i, each in enumerate(settings)),
    )


def _descent_mistake(
    answer: HypergradientDescent, address: int, rate: float, kappa: float, steps: int, size: int
) -> str | None:
    numbers = generator("hypergradient exercise", address)
    start, slope = (torch.rand(size, generator=numbers, dtype=torch.float64) for _ in range(2))

    def gradient(theta: Tensor) -> Tensor:
        return (0.5 + slope) * theta + theta**3

    end = tensor(answer(gradient, start, rate, kappa, steps), (size,))
    likely = {
        "the rate must *grow* where two gradients agree: α + κ g_t·g_{t−1}": _descended(
            gradient, start, rate, -kappa, steps
        ),
        "the rate has not moved: add κ g_t·g_{t−1} to it after each step": _descended(
            gradient, start, rate, 0.0, steps
        ),
        "the product is of the *new* gradient and the last one, not of one with itself": _descended(
            gradient, start, rate, kappa, steps, itself=True
        ),
        "one number, the sum of the products, moves the one rate": _descended(
            gradient, start, rate, kappa, steps, each=True
        ),
        "the first step is taken with α_0: the rate moves after it": _descended(
            gradient, start, rate, kappa, steps, early=True
        ),
        "your steps go up the gradient": _descended(gradient, start, -rate, kappa, steps),
        "take all the steps": _descended(gradient, start, rate, kappa, 1),
    }
    right = _descended(gradient, start, rate, kappa, steps)
    other = f"after {steps} steps θ is not where hypergradient descent leads"
    return describe_mistake(end, right, likely, other)


def _descended(
    gradient: Callable[[Tensor], Tensor],
    theta: Tensor,
    rate: float,
    kappa: float,
    steps: int,
    *,
    itself: bool = False,
    each: bool = False,
    early: bool = False,
) -> Tensor:
    """Where the descent ends; with one of three mistakes."""
    alpha = torch.tensor(rate, dtype=theta.dtype)
    last = gradient(theta)
    if early:
        alpha = alpha + kappa * last @ last
    for _ in range(steps):
        theta = theta - alpha * last
        now = gradient(theta)
        product = (now if itself else last) * now
        alpha = alpha + kappa * (product if each else product.sum())
        last = now
    return theta


@self_check
def check_meta_sgd_loss(answer: MetaSGDLoss) -> Verdict:
    """Check the loss of one task after one step with a rate for each weight, and its gradients.

    Args:
        answer: takes a model, its rates by the name of the weight, support and query; returns a
            scalar to be differentiated in both.
    """
    return judged(
        "One backward pass now gives a gradient for the start and one for every rate.",
        (_meta_sgd_mistake(answer, *each) for each in enumerate(((1, 4, 1), (1, 3, 3, 1)))),
    )


def _meta_sgd_mistake(answer: MetaSGDLoss, seed: int, sizes: tuple[int, ...]) -> str | None:
    task = Sinusoids(shots=6, queries=6, split="exercise").batch(seed, 1)
    support, query = (Split(split.x[0].double(), split.y[0].double()) for split in task)
    model = MLP(list(sizes), activation="tanh", seed=seed).double()
    numbers = generator("Meta-SGD exercise", seed)
    rates = {
        name: (0.1 * torch.rand(weight.shape, generator=numbers).double() - 0.02).requires_grad_()
        for name, weight in model.named_parameters()
    }
    returned: object = answer(model, rates, support, query)
    if not isinstance(returned, Tensor):
        raise Refused("return the tensor, not a plain number: the gradients must go through it.")
    loss = tensor(returned, ())
    right = _after_a_step(model, rates, support, query)
    flipped = {name: -rate for name, rate in rates.items()}
    means = {name: rate.mean() for name, rate in rates.items()}
    likely = {
        "this is the loss of the *support* set: return that of the query set": _after_a_step(
            model, rates, support, support
        ),
        "the step must be taken on the support set, and judged on the query set": _after_a_step(
            model, rates, query, support
        ),
        "the step goes up: θ − α ∘ g": _after_a_step(model, flipped, support, query),
        "each weight has its own rate: multiply element by element, no mean": _after_a_step(
            model, means, support, query
        ),
        "no step was taken": F.mse_loss(model(query.x), query.y),
    }
    other = "the loss after the step is not L_Q(θ − α ∘ g)"
    if hint := describe_mistake(loss, right, likely, other):
        return hint
    return _slopes_mistake(loss, right, model, rates)


def _slopes_mistake(
    loss: Tensor, right: Tensor, model: nn.Module, rates: Mapping[str, Tensor]
) -> str | None:
    weights, own = list(model.parameters()), list(rates.values())
    if not loss.requires_grad:
        return "your loss is cut off from θ and the rates: no detach(), no torch.no_grad()"
    found = torch.autograd.grad(loss, [*weights, *own], allow_unused=True)
    exact = torch.autograd.grad(right, [*weights, *own])
    count = len(weights)
    if any(g is None for g in found[count:]):
        return "no gradient reaches the rates: use them as they are given, no detach(), no .data"
    if any(g is None for g in found):
        return "no gradient reaches some weights: use those of the model, no detach()"
    for part, hint in (
        (slice(count, None), "the gradient in the rates is not that of L_Q(θ − α ∘ g)"),
        (
            slice(count),
            "the loss is right, its gradient in θ is not: does the inner gradient have "
            "create_graph=True?",
        ),
    ):
        given, true = (torch.cat([g.flatten() for g in each[part]]) for each in (found, exact))
        if wrong := describe_mistake(given, true, {}, hint, 1e-5, smallest_scale=1e-3):
            return wrong
    return None


def _after_a_step(
    model: nn.Module, rates: Mapping[str, Tensor], support: Split, query: Split
) -> Tensor:
    """L_Q(θ − α ∘ ∇L_S(θ))."""
    theta: dict[str, Tensor] = dict(model.named_parameters())
    loss = F.mse_loss(functional_call(model, theta, (support.x,)), support.y)
    slopes = torch.autograd.grad(loss, list(theta.values()), create_graph=True)
    moved = {n: w - rates[n] * g for (n, w), g in zip(theta.items(), slopes, strict=True)}
    return F.mse_loss(functional_call(model, moved, (query.x,)), query.y)
