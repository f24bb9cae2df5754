"""The loop over tasks: the meta-gradient in the memory of one task, on as many cores as there are.

Each task's loss and gradient are computed and freed before the next, and added up in the order of
the tasks, so the sum does not depend on which thread did what.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from queue import SimpleQueue
from typing import Any

import torch
from torch import Tensor, nn

from metalearn_lab.one_thread import one_thread, threads_outside
from metalearn_lab.running.known_gradient import (
    LossAndGradient,
    leaves_with_gradient,
    loss_and_gradient,
    mean_of_parts,
)
from metalearn_lab.running.mapping import is_heavy
from metalearn_lab.running.per_task import PerTask
from metalearn_lab.running.random_state import RandomState
from metalearn_lab.running.traits import tensors_in, watch_once
from metalearn_lab.tasks.types import Task, select_tasks

Parameters = list[nn.Parameter]


def looped_meta_loss(learner: PerTask, tasks: Task) -> Tensor:
    """The mean meta-loss, attached to the parameters with its gradient, task after task.

    Tasks may be shared out to Python threads, by the rule of ``threads_for``, with one
    intra-operation thread each: that keeps all cores busy where the operations of a single task
    are too small to be split.

    Args:
        learner: whose ``meta_loss`` is run; without a gradient where none is recorded.
        tasks: a batch, every tensor ``[tasks, items, ...]``.

    Raises:
        ValueError: the batch is empty.
    """
    count = tasks.query.y.shape[0]
    parameters = [p for p in learner.parameters() if p.requires_grad and torch.is_grad_enabled()]
    single_tasks = [select_tasks(tasks, slice(i, i + 1)) for i in range(count)]

    def mean_loss(thread_count: int) -> Tensor:
        parts = _losses_and_gradients(learner, single_tasks, parameters, thread_count)
        return mean_of_parts(parts, parameters, count, leaves_with_gradient(tasks))

    thread_count = threads_for(learner, tasks)
    random_state = RandomState(tasks.query.y.device)
    loss = mean_loss(thread_count)
    if thread_count > 1 and random_state.has_moved():
        # Which thread drew first is chance; one alone draws in the order of the tasks.
        random_state.restore()
        loss = mean_loss(1)
    return loss


def threads_for(learner: PerTask, tasks: Task) -> int:
    """How many tasks are run side by side: as many as PyTorch has threads, where that pays.

    It does on a CPU for the models that are looped by the rule, convolutions and attention. The
    operations of other models are so small that the threads would wait for one another's Python.
    Random numbers come from one stream, so a model that draws some stays in the caller's thread,
    and so does one of which no copies can be made.
    """
    traits = watch_once(learner, tasks.support.x)
    if (traits and traits.is_random) or not is_heavy(learner.model, tasks.query.y.device):
        return 1
    return min(threads_outside(), tasks.query.y.shape[0])


def _losses_and_gradients(
    learner: PerTask, tasks: list[Task], parameters: Parameters, thread_count: int
) -> Iterator[LossAndGradient]:
    """Loss and gradient of every task, in order."""

    def run_task(learner: PerTask, i: int) -> LossAndGradient:
        def loss(single_task: Task) -> Tensor:
            return learner.meta_loss(select_tasks(single_task, 0))

        return loss_and_gradient(loss, tasks[i], parameters, checked=i == 0)

    # torch.func.functional_call swaps weights inside a module, so no two threads may share one.
    copies = [copy_around_weights(learner) for _ in range(thread_count)] if thread_count > 1 else []
    if None in copies or not copies:
        yield from (run_task(learner, i) for i in range(len(tasks)))
        return
    free_copies: SimpleQueue[PerTask] = SimpleQueue()
    for learner_copy in copies:
        free_copies.put(learner_copy)  # type: ignore[arg-type]
    # What autograd and autocast do in this thread, they do in the others.
    is_grad_enabled = torch.is_grad_enabled()
    autocast: dict[str, Any] = {
        "dtype": torch.get_autocast_dtype("cpu"),
        "enabled": torch.is_autocast_enabled("cpu"),
        "cache_enabled": torch.is_autocast_cache_enabled(),
    }

    def run_in_thread(i: int) -> LossAndGradient:
        learner_copy = free_copies.get()
        try:
            with torch.set_grad_enabled(is_grad_enabled), torch.autocast("cpu", **autocast):
                return run_task(learner_copy, i)
        finally:
            free_copies.put(learner_copy)

    # The threads begin with the number of threads inside an operation that is set here.
    with one_thread(), ThreadPoolExecutor(thread_count) as pool:
        yield from pool.map(run_in_thread, range(len(tasks)))


def copy_around_weights(learner: PerTask) -> PerTask | None:
    """A copy of the modules around the same parameters and buffers; None where there can be none.

    What the model keeps of an earlier run, such as its features, is shared too.
    """
    kept_tensors = (tensor for module in learner.modules() for tensor in tensors_in(vars(module)))
    shared_tensors = chain(learner.parameters(), learner.buffers(), kept_tensors)
    try:
        return copy.deepcopy(learner, {id(tensor): tensor for tensor in shared_tensors})
    except Exception:  # Whatever a model holds that is one of its kind, a lock or a file.
        return None
