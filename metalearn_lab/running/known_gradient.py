"""A loss whose gradient is known already, for strategies that compute both at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from metalearn_lab.tasks.types import Split, Task, select_tasks


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
"""Of a part of a batch: the sum of its losses, and its gradient in each parameter and each input
that wants one."""


class LostGradient(ValueError):
    """Something that is no parameter and no data would be left without its gradient."""


def loss_and_gradient(
    loss: Callable[[Task], Tensor], part: Task, parameters: Sequence[Tensor], *, checked: bool
) -> LossAndGradient:
    """The loss of a part of a batch and its gradient; its graph is freed.

    Args:
        loss: of the part, a scalar.
        part: some tasks of a batch, every tensor ``[tasks, items, ...]``.
        parameters: in which a gradient is wanted, beside the part's own tensors that ask for one.
        checked: look through the graph for what else would want a gradient.

    Raises:
        LostGradient: there is something else.
    """
    # Cut off from what made them, whose graph all parts share and none may free.
    leaves = [tensor.detach() for split in part for tensor in split]
    wanted = [leaf.requires_grad_() for leaf in leaves_wanting(part, leaves)]
    found = loss(Task(Split(*leaves[:2]), Split(*leaves[2:])))
    if not parameters and not wanted:
        return found, ()
    if checked:
        _check_leaves(found, [*parameters, *wanted])
    gradient = torch.autograd.grad(found, [*parameters, *wanted], allow_unused=True)
    of_inputs = zip(wanted, gradient[len(parameters) :], strict=True)
    filled = (torch.zeros_like(leaf) if g is None else g for leaf, g in of_inputs)
    return found.detach(), (*gradient[: len(parameters)], *filled)


def _check_leaves(loss: Tensor, known: Sequence[Tensor]) -> None:
    """Refuse a loss that depends on tensors that want a gradient and are not known."""
    ids, seen, ahead = {id(tensor) for tensor in known}, set(), [loss.grad_fn]
    lost = []
    while ahead:
        node = ahead.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)  # of a leaf's AccumulateGrad
        if leaf is not None and id(leaf) not in ids:
            lost.append(list(leaf.shape))
        ahead += [following for following, _ in node.next_functions]
    if lost:
        raise LostGradient(
            f"the loss depends on tensors of shape {', '.join(map(str, lost))} that require a "
            "gradient and are neither the learner's parameters nor data of the tasks, so they "
            "would get none: make them parameters of the model, hand them in as data, detach "
            "them, or use mapping='vmap' without chunk_size"
        )


def leaves_wanting(tasks: Task, leaves: Sequence[Tensor] | None = None) -> list[Tensor]:
    """The tensors of a batch that a gradient is wanted of; or those that stand for them."""
    tensors = [tensor for split in tasks for tensor in split]
    asked = (torch.is_grad_enabled() and tensor.requires_grad for tensor in tensors)
    return [leaf for leaf, wants in zip(leaves or tensors, asked, strict=True) if wants]


def rows(tasks: Task, which: slice) -> Task:
    """Some tasks of a batch."""
    return select_tasks(tasks, which)


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
        inputs: tensors of the whole batch that want a gradient, as ``leaves_wanting`` gives them.
    """
    total: Tensor | None = None
    sums: list[Tensor | None] = [None] * len(parameters)
    of_inputs: list[Sequence[Tensor | None]] = []
    for loss, gradient in parts:
        total = loss if total is None else total + loss
        sums = [_plus(*pair) for pair in zip(sums, gradient[: len(parameters)], strict=True)]
        of_inputs.append(gradient[len(parameters) :])
    if total is None:
        raise ValueError("no tasks: a batch needs one or more")
    rows = [torch.cat(list(some)) for some in zip(*of_inputs, strict=True)]
    pairs = zip([*parameters, *inputs], [*sums, *rows], strict=True)
    used = {tensor: found / count for tensor, found in pairs if found is not None}
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
