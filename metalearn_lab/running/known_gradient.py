"""A loss whose gradient is known already, for strategies that compute both at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from metalearn_lab.tasks.types import Split, Task


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
    return _KnownGradient.apply(  # type: ignore[no-any-return,no-untyped-call]
        loss, len(parameters), *parameters, *gradients
    )


LossAndGradient = tuple[Tensor, Sequence[Tensor | None]]
"""Of a part of a batch: the sum of its losses, and its gradient in each parameter and each input
that wants one."""


class LostGradient(ValueError):
    """Something that is no parameter and no data would be left without its gradient."""


def loss_and_gradient(
    loss_of: Callable[[Task], Tensor], tasks: Task, parameters: Sequence[Tensor], *, checked: bool
) -> LossAndGradient:
    """The loss of some tasks of a batch and its gradient; its graph is freed.

    Args:
        loss_of: the loss of the tasks, a scalar.
        tasks: some of a batch, every tensor ``[tasks, items, ...]``.
        parameters: in which a gradient is wanted, beside the tasks' own tensors that ask for one.
        checked: look through the graph for what else would want a gradient.

    Raises:
        LostGradient: there is something else.
    """
    # Cut off from what made them, whose graph all parts share and none may free.
    leaves = [tensor.detach() for split in tasks for tensor in split]
    inputs = [leaf.requires_grad_() for leaf in leaves_with_gradient(tasks, leaves)]
    loss, variables = loss_of(Task(Split(*leaves[:2]), Split(*leaves[2:]))), [*parameters, *inputs]
    if not variables:
        return loss, ()
    if checked:
        _check_leaves(loss, variables)
    gradient = torch.autograd.grad(loss, variables, allow_unused=True)
    gradient_of_inputs = zip(inputs, gradient[len(parameters) :], strict=True)
    filled_gradients = (
        torch.zeros_like(leaf) if input_gradient is None else input_gradient
        for leaf, input_gradient in gradient_of_inputs
    )
    return loss.detach(), (*gradient[: len(parameters)], *filled_gradients)


def _check_leaves(loss: Tensor, known: Sequence[Tensor]) -> None:
    """Refuse a loss that depends on tensors that want a gradient and are not known."""
    known_ids = {id(tensor) for tensor in known}
    visited_nodes: set[Any] = {None}
    nodes_ahead: list[Any] = [loss.grad_fn]
    lost_shapes = []
    while nodes_ahead:
        node = nodes_ahead.pop()
        if node not in visited_nodes:
            visited_nodes.add(node)
            leaf = getattr(node, "variable", None)  # of a leaf's AccumulateGrad
            if leaf is not None and id(leaf) not in known_ids:
                lost_shapes.append(list(leaf.shape))
            nodes_ahead += [following for following, _ in node.next_functions]
    if lost_shapes:
        raise LostGradient(
            f"the loss depends on tensors of shape {', '.join(map(str, lost_shapes))} that require "
            "a gradient and are neither the learner's parameters nor data of the tasks, so they "
            "would get none: make them parameters of the model, hand them in as data, detach "
            "them, or use mapping='vmap' without chunk_size"
        )


def leaves_with_gradient(tasks: Task, leaves: Sequence[Tensor] | None = None) -> list[Tensor]:
    """The tensors of a batch that a gradient is wanted of; or those that stand for them."""
    tensors = [tensor for split in tasks for tensor in split]
    pairs = zip(tensors, leaves or tensors, strict=True)
    return [leaf for tensor, leaf in pairs if torch.is_grad_enabled() and tensor.requires_grad]


def mean_of_parts(
    parts: Iterable[LossAndGradient],
    parameters: Sequence[Tensor],
    count: int,
    inputs: Sequence[Tensor] = (),
) -> Tensor:
    """The mean loss of a batch that was run part by part, attached to the parameters.

    Args:
        parts: each is added up and freed before the next is asked for; there is one or more.
        parameters: in which the gradients are; none where no gradient is recorded.
        count: of tasks in all parts.
        inputs: tensors of the whole batch that want a gradient (see ``leaves_with_gradient``).
    """
    total: Tensor | None = None
    sums: list[Tensor | None] = [None] * len(parameters)
    input_gradients: list[Sequence[Tensor | None]] = []
    for loss, gradient in parts:
        total = _plus(total, loss)
        sums = [_plus(*pair) for pair in zip(sums, gradient[: len(parameters)], strict=True)]
        input_gradients.append(gradient[len(parameters) :])
    if total is None:
        raise ValueError("no tasks: a batch needs one or more")
    joined_gradients = [
        torch.cat(list(gradients)) for gradients in zip(*input_gradients, strict=True)
    ]
    pairs = zip([*parameters, *inputs], [*sums, *joined_gradients], strict=True)
    gradient_of_tensor = {
        tensor: gradient / count for tensor, gradient in pairs if gradient is not None
    }
    mean = total / count
    return (
        with_known_gradient(mean, list(gradient_of_tensor), list(gradient_of_tensor.values()))
        if gradient_of_tensor
        else mean
    )


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
