"""Self-checks of the adaptation lab: an inner loop for some layers, and similarity."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import describe_mistake, is_same_answer
from metalearn_lab.exercises.verdict import Refused, Verdict, judged, self_check
from metalearn_lab.experiments.representation_similarity import linear_cka
from metalearn_lab.tasks.seeds import generator

Weights = dict[str, Tensor]
PartialLoop = Callable[[Callable[[Weights], Tensor], Weights, float, int, str], Weights]

_SIZES = {"body.0.weight": 3, "body.0.bias": 2, "forehead.weight": 2, "head.weight": 4}
"""Names of weights, and how many numbers each holds; one only looks like the head."""


@self_check
def check_partial_loop(partial_loop: PartialLoop) -> Verdict:
    """On a loss in which all weights are coupled: where the steps end, and the way back.

    Args:
        partial_loop: takes a loss of the weights by name, the weights, α, k and how the names of
            the weights that move begin; returns the weights after k steps, by name.
    """
    settings = ((0.1, 1, "head."), (0.05, 3, "head."), (0.08, 2, "body."))
    return judged(
        "Only what you name moves, and the gradient finds its way back to every weight.",
        (_partial_mistake(partial_loop, i, *each) for i, each in enumerate(settings)),
    )


def _partial_mistake(
    partial_loop: PartialLoop, address: int, alpha: float, steps: int, moves: str
) -> str | None:
    numbers = generator("partial loop exercise", address)
    size = sum(_SIZES.values())
    mixed, target = (
        torch.randn(shape, generator=numbers, dtype=torch.float64)
        for shape in ((size, size), (size,))
    )
    theta = {
        name: torch.randn(count, generator=numbers, dtype=torch.float64).requires_grad_()
        for name, count in _SIZES.items()
    }

    def loss(weights: Weights) -> Tensor:
        whole = torch.cat([weights[name] for name in _SIZES])
        far: Tensor = mixed @ whole / size**0.5 - target
        return far.square().mean() + whole.pow(4).mean() / 10

    given: object = partial_loop(loss, dict(theta), alpha, steps, moves)
    if not isinstance(given, dict) or given.keys() != theta.keys():
        raise Refused("a dictionary is asked for, with every weight under its name, moved or not.")
    ends = torch.cat([tensor(given[name], (count,)) for name, count in _SIZES.items()])

    def ended(chosen: Callable[[str], bool], rate: float = alpha, count: int = steps) -> Tensor:
        return torch.cat(list(_stepped(loss, theta, rate, count, chosen).values()))

    def named(name: str) -> bool:
        return name.startswith(moves)

    right = ended(named)
    likely = {
        "all weights have moved: leave those whose name begins otherwise": ended(lambda name: True),
        "what should move stands still, and the rest has moved": ended(
            lambda name: not named(name)
        ),
        "nothing has moved": ended(named, 0.0),
        "a name must *begin* with it: `forehead.weight` is no part of the head": ended(
            lambda name: moves.rstrip(".") in name
        ),
        "your steps go up the gradient": ended(named, -alpha),
        "every step used the gradient at the start, or there is one step only: take it anew": ended(
            named, alpha * steps, 1
        ),
        "that is after one step: take all k": ended(named, count=1),
    }
    other = f"after {steps} steps the weights are not where θ − αg leads"
    if hint := describe_mistake(ends, right, likely, other):
        return hint
    return _way_back_mistake(ends, right, theta)


def _stepped(
    loss: Callable[[Weights], Tensor],
    theta: Weights,
    alpha: float,
    steps: int,
    moves: Callable[[str], bool],
) -> Weights:
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(theta), list(theta.values()), create_graph=True)
        theta = {
            name: w - alpha * g if moves(name) else w
            for (name, w), g in zip(theta.items(), slopes, strict=True)
        }
    return theta


def _way_back_mistake(ends: Tensor, right: Tensor, theta: Weights) -> str | None:
    """Whether the gradient of what is returned is the one through all steps."""
    weights = list(theta.values())
    weighed = torch.linspace(1, 2, len(ends), dtype=torch.float64)
    if not ends.requires_grad:
        return "what you return is cut off from θ: no detach(), no torch.no_grad()"
    found = torch.autograd.grad(ends @ weighed, weights, allow_unused=True)
    if any(g is None for g in found):
        return "one of the weights you return is cut off from θ: no detach(), no new leaves"
    exact = torch.autograd.grad(right @ weighed, weights)
    return describe_mistake(
        torch.cat([g for g in found if g is not None]),
        torch.cat(exact),
        {"this is first-order MAML: the inner gradients need create_graph=True": weighed},
        "θ_k is right, its derivative in θ is not: let autograd see every step",
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
