"""The gradient of an inner step, by the cheaper of PyTorch's two ways to take it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_LOST = (
    "the loss depends on none of the weights that the inner loop moves, so no step would change "
    "anything: look for detach, no_grad, item or NumPy in the model and the loss, or name with "
    "`adapts` what the loss does depend on"
)


def inner_gradient(
    loss: Callable[[dict[str, Tensor]], Tensor], weights: dict[str, Tensor]
) -> dict[str, Tensor]:
    """∇L at some weights, itself differentiable: the same as ``torch.func.grad(loss)(weights)``.

    That function dispatches every operation twice, and a layer with a derivative of its own costs
    three times as much Python. Plain autograd does the same wherever no other transform, such as
    ``vmap``, is at work, and all of the weights are part of the outer graph or there is none.

    Args:
        loss: of weights by name, a scalar.
        weights: where; the gradient is in these alone, though the loss may depend on others. A
            weight that plays no part in it has the gradient 0.

    Raises:
        ValueError: the loss depends on none of the weights, so the gradient has been lost.
    """
    second_order = torch.is_grad_enabled()
    plain = not second_order or all(weight.requires_grad for weight in weights.values())
    # torch.compile knows derivatives by torch.func alone, and makes zeros of others.
    transformed = torch._C._are_functorch_transforms_active() or torch.compiler.is_compiling()
    if transformed or not plain:
        return torch.func.grad(lambda own: attached(loss(own)))(weights)
    with torch.enable_grad():
        # As new tensors, for what else the loss makes of the same weights is held constant.
        own = {
            name: weight.view_as(weight) if second_order else weight.detach().requires_grad_()
            for name, weight in weights.items()
        }
        gradients = torch.autograd.grad(
            attached(loss(own)), list(own.values()), create_graph=second_order, allow_unused=True
        )
    if all(gradient is None for gradient in gradients):
        raise ValueError(_LOST)  # the loss depends on other weights, but on none of these
    return {
        name: torch.zeros_like(weight) if gradient is None else gradient
        for (name, weight), gradient in zip(own.items(), gradients, strict=True)
    }


def attached(loss: Tensor) -> Tensor:
    """The loss, where it depends on anything that may be differentiated.

    Raises:
        ValueError: it does not.
    """
    if not loss.requires_grad:
        raise ValueError(_LOST)
    return loss
