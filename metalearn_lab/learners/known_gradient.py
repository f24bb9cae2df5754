"""A loss whose gradient is known already, for strategies that compute both at once."""

from __future__ import annotations

from collections.abc import Sequence
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
