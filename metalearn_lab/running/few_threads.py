"""Which batches of a learner one thread inside an operation is enough for."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from metalearn_lab.one_thread import one_thread
from metalearn_lab.running.mapping import mapping_for
from metalearn_lab.running.per_task import PerTask
from metalearn_lab.tasks.types import Split, Task

MOST_PRODUCTS = 1_000_000_000
"""In one forward pass of a batch, at most; then the largest operations take some milliseconds.

Measured on two cores with MAML on 16 tasks of a network of 100,000 weights (120 million products):
an uncompiled step takes 29 ms on one thread, busy cores or not; on two threads 20 ms if both cores
are idle, and 78 ms if another process has one of them.
"""

Function = TypeVar("Function", bound=Callable[..., Any])


def is_small(learner: PerTask, *batches: object) -> bool:
    """Whether one thread is enough for a learner's batch on the CPU.

    A dense network multiplies each weight with each item once; convolutions and attention may do
    so at every place of an item. What is looped over tasks has the operations of one task.

    Args:
        learner: any learner.
        batches: tasks, splits or inputs, ``[tasks, items, ...]``; others are passed over.
    """
    device = next((parameter.device for parameter in learner.parameters()), torch.device("cpu"))
    weights = sum(parameter.numel() for parameter in learner.parameters())
    one_by_one = mapping_for(learner.model, device) == "loop"
    # How often a weight is used at most, in one operation.
    shapes = [x.shape[1:] if one_by_one else x.shape[:2] for b in batches for x in _inputs(b)]
    uses = max((shape.numel() for shape in shapes), default=0)
    return device.type == "cpu" and uses * weights < MOST_PRODUCTS


def on_few_threads(function: Function) -> Function:
    """A function of a learner and a batch that uses one thread where the batch is small.

    Where it returns a loss, so does the ``backward`` of the loss, whoever calls it.
    """

    @wraps(function)
    def run(*args: Any, **named: Any) -> Any:
        if torch.compiler.is_compiling() or torch.get_num_threads() == 1:
            return function(*args, **named)
        learner = args[0] if args else named["learner"]
        small = is_small(learner, *args[1:], *named.values())
        with one_thread(small):
            result = function(*args, **named)
        if small and isinstance(result, Tensor) and result.grad_fn is not None:
            result.grad_fn.register_prehook(_one_thread_in_backward)
        return result

    return cast(Function, run)


def _one_thread_in_backward(gradients: tuple[Tensor, ...]) -> None:
    """For the backward pass under way, which runs in the thread that called it."""
    if torch.get_num_threads() > 1:
        on_one_thread = _one_thread_until_closed()
        next(on_one_thread)
        # It is closed when the backward pass ends, or when an error of the pass frees it.
        torch.autograd.Variable._execution_engine.queue_callback(on_one_thread.close)


def _one_thread_until_closed() -> Generator[None, None, None]:
    with one_thread():
        yield


def _inputs(batch: object) -> list[Tensor]:
    """Of tasks, a split or inputs; none of what is no batch."""
    if isinstance(batch, Task):
        return [*_inputs(batch.support), *_inputs(batch.query)]
    if isinstance(batch, Split):
        return _inputs(batch.x)
    return [batch] if isinstance(batch, Tensor) and batch.ndim > 1 else []
