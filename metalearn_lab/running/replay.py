"""Exact replay: the reverse pass through k inner steps in the memory of one.

Differentiating through θ_{j+1} = U(θ_j) by an unrolled graph keeps every activation of every step.
The reverse pass v ← [∂U/∂θ (θ_j)]ᵀ v goes through one step at a time, though, and θ_j and the
random numbers that were drawn are all it takes to make that step again. So θ_0, …, θ_k are kept
and nothing else; each step is taken twice, and the gradient is the same.

A gradient step and its reverse are three times the work of the gradient alone, so replay is at
most 4/3 of the work of the unrolled graph; where starting an operation costs more than the
operation itself, as in small dense networks, it is twice the time or more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, vjp
from torch.nn.attention import SDPBackend, sdpa_kernel

from metalearn_lab.running.per_task import PerTask, Weights, WithWeights
from metalearn_lab.running.random_state import RandomState
from metalearn_lab.tasks.types import Split

Function = Callable[..., tuple[Tensor, ...]]
"""Of tensors to tensors."""


def check_replay(learner: PerTask) -> None:
    """Refuse a learner that replay would not serve.

    Raises:
        ValueError: the learner keeps no graph of its inner loop.
    """
    if not learner.differentiates_twice:
        raise ValueError(
            f"replay bounds the memory of differentiating through the inner loop, which "
            f"{type(learner).__name__} does not do: leave replay out"
        )


def replay_inner_step(learner: PerTask) -> Callable[[Weights, Split, int], Weights]:
    """A learner's ``inner_step`` that keeps its inputs only, and is taken again in reverse.

    Its gradient is that of ``inner_step``: in θ_j, in the weights that stay, in the support split,
    and in the parameters that the learner has beside its model's.
    """
    named_parameters = learner.named_parameters()
    other_parameters = {
        f"learner.{name}": p for name, p in named_parameters if not name.startswith("model.")
    }
    inner_step = WithWeights(learner, lambda swapped, *inputs: swapped.inner_step(*inputs))

    def replayed_step(theta: Weights, support: Split, number: int) -> Weights:
        names = list(theta)  # the step must hold on to names alone, and to no tensor

        def step(*values: Tensor) -> tuple[Tensor, ...]:
            own = dict(zip(names, values, strict=False))
            swapped = dict(zip(other_parameters, values[len(names) :], strict=False))
            moved = functional_call(inner_step, swapped, (own, Split(*values[-2:]), number))
            return tuple(moved[name] for name in learner.adapted_names)

        moved: tuple[Tensor, ...] = _Replayed.apply(  # type: ignore[no-untyped-call]
            step,
            RandomState(support.y.device),
            *theta.values(),
            *other_parameters.values(),
            *support,
        )
        return {**theta, **dict(zip(learner.adapted_names, moved, strict=True))}

    return replayed_step


class _Replayed(torch.autograd.Function):
    """A function of tensors that is evaluated again in the backward pass."""

    @staticmethod
    def forward(function: Function, before: RandomState, *inputs: Tensor) -> tuple[Tensor, ...]:
        return function(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.function, ctx.before, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *v: Tensor) -> tuple[Tensor | None, ...]:
        """The vector-Jacobian product, in the inputs whose gradient is asked for."""
        inputs, wanted = ctx.saved_tensors, ctx.needs_input_grad[2:]
        indices = [index for index, asked in enumerate(wanted) if asked]

        def of_wanted(*values: Tensor) -> tuple[Tensor, ...]:
            replaced = dict(zip(indices, values, strict=True))
            return ctx.function(*(replaced.get(i, value) for i, value in enumerate(inputs)))  # type: ignore[no-any-return]

        # The backward pass may run long after ``forward``, which says the same (see ``attention``).
        with sdpa_kernel(SDPBackend.MATH), ctx.before.again():
            products = pull_back(of_wanted, [inputs[index] for index in indices], v)
        gradients = dict(zip(indices, products, strict=True))
        return (None, None, *(gradients.get(i) for i in range(len(inputs))))

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, ...],
        function: Function,
        before: RandomState,
        *inputs: Tensor,
    ) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        """Of a batch: replay the function of all tasks, so that nothing else is transformed."""
        mapped = torch.func.vmap(function, in_dims[2:], randomness=info.randomness)
        outputs: tuple[Tensor, ...] = _Replayed.apply(mapped, before, *inputs)  # type: ignore[no-untyped-call]
        return outputs, (0,) * len(outputs)


def pull_back(
    function: Function, inputs: Sequence[Tensor], v: tuple[Tensor, ...]
) -> Sequence[Tensor | None]:
    """[∂function/∂inputs]ᵀ v. Nothing is reused: each activation is freed as soon as it has served.

    Plain autograd is cheaper than ``torch.func.vjp`` where no other transform is at work.
    """
    if torch._C._are_functorch_transforms_active() or torch.is_grad_enabled():
        return vjp(function, *inputs)[1](v, retain_graph=False)  # type: ignore[no-any-return]
    with torch.enable_grad():
        own_inputs = [x.detach().requires_grad_() for x in inputs]
        outputs = function(*own_inputs)
    return torch.autograd.grad(outputs, own_inputs, v, allow_unused=True)
