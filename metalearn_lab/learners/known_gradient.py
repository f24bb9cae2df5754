"""A loss whose gradient is known already, for strategies that compute both at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor


def with_known_gradient(
    loss: Tensor, parameters: Sequence[Tensor], gradients: Sequence[Tensor]
) -> Tensor:
    """The same loss, attached to its parameters: ``backward`` hands out the given gradients.

    So that optimisers, schedulers and distributed wrappers see an ordinary loss, whichever way
    its gradient was found.

    Args:
        loss: a scalar.
        parameters: what the loss depends on.
        gradients: of the loss in each parameter, of the parameters' shapes.

    Raises:
        RuntimeError: in a ``backward`` with ``create_graph=True``: there is no graph behind it.
    """
    attached: Tensor = _KnownGradient.apply(  # type: ignore[no-untyped-call]
        loss, len(parameters), *parameters, *gradients
    )
    return attached


LossAndGradient = tuple[Tensor, Sequence[Tensor | None]]
"""Of a part of a batch: the sum of its losses, and its gradient in each parameter, if any."""


def mean_of_parts(
    parts: Iterable[LossAndGradient], parameters: Sequence[Tensor], count: int
) -> Tensor:
    """The mean loss of a batch that was run part by part, attached to the parameters.

    Args:
        parts: each is added up and freed before the next is asked for; there is one or more.
        parameters: in which the gradients are; none where no gradient is recorded.
        count: of tasks in all parts.
    """
    total: Tensor | None = None
    sums: list[Tensor | None] = [None] * len(parameters)
    for loss, gradient in parts:
        total = loss if total is None else total + loss
        sums = [_plus(*pair) for pair in zip(sums, gradient, strict=True)]
    if total is None:
        raise ValueError("no tasks: a batch needs one or more")
    used = {
        p: found / count for p, found in zip(parameters, sums, strict=True) if found is not None
    }
    mean = total / count
    return with_known_gradient(mean, list(used), list(used.values())) if used else mean


def _plus(total: Tensor | None, part: Tensor | None) -> Tensor | None:
    # Not in place: two parameters may have been handed one tensor as their gradient.
    return part if total is None else total if part is None else total + part


class _KnownGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, loss: Tensor, count: int, *tensors: Tensor) -> Tensor:
        ctx.gradients = tensors[count:]
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "this loss came with its gradient, which cannot be differentiated again: for "
                "create_graph=True give the learner mapping='vmap' and train with compiled=False"
            )
        scaled = (upstream * gradient for gradient in ctx.gradients)
        return (None, None, *scaled, *(None for _ in ctx.gradients))
