"""A learner as a function of weights and one task: what the compiler is given to trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from torch import Tensor
from torch.func import functional_call

from metalearn_lab.compiled.not_compilable import OtherThanCompiled
from metalearn_lab.running.per_task import PerTask, Weights, WithWeights
from metalearn_lab.tasks.types import Task

Result = TypeVar("Result")


def with_state(learner: PerTask, state: Weights, function: Callable[[PerTask], Result]) -> Result:
    """What a function of a learner returns while the learner has other parameters and buffers.

    Args:
        learner: stays as it is.
        state: the tensors in the place of its own, by the names that ``state_of`` gives.
        function: of the learner.
    """
    return functional_call(WithWeights(learner, function), state, ())  # type: ignore[no-any-return]


def state_of(learner: PerTask) -> Weights:
    """Parameters and buffers, by the names that ``with_state`` takes."""
    named = (*learner.named_parameters(), *learner.named_buffers())
    return {f"learner.{name}": tensor for name, tensor in named}


def inputs_of(tasks: Task) -> list[Tensor]:
    """Support and query, inputs and targets, as a compiled step takes them.

    Raises:
        OtherThanCompiled: a gradient is wanted in one of them, and a compiled step has none.
    """
    inputs = [tensor for split in tasks for tensor in split]
    if any(tensor.requires_grad for tensor in inputs):
        raise OtherThanCompiled(
            "a compiled step has no gradient for what its tasks were computed with, as by an "
            "encoder that is trained in front of the learner: use compiled=False, or detach them"
        )
    return inputs
