"""The loop over tasks: the meta-gradient in the memory of one task, on as many cores as there are.

Each task's loss and gradient are computed and freed before the next, and added up in the order of
the tasks, so the sum does not depend on which thread did what.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from queue import SimpleQueue
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from metalearn_lab.learners.known_gradient import LossAndGradient, mean_of_parts
from metalearn_lab.learners.mapping import mapping_for
from metalearn_lab.tasks.types import Split, Task

if TYPE_CHECKING:
    from metalearn_lab.learners.learner import Learner

Parameters = list[nn.Parameter]


def looped_meta_loss(learner: Learner, tasks: Task) -> Tensor:
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
    parameters = [parameter for parameter in learner.parameters() if parameter.requires_grad]
    wanted = parameters if torch.is_grad_enabled() else []
    return mean_of_parts(_each_task(learner, tasks, wanted), wanted, count)


def threads_for(learner: Learner, tasks: Task) -> int:
    """How many tasks are run side by side: as many as PyTorch has threads, where that pays.

    It does on a CPU for the models that are looped by the rule, convolutions and attention. The
    operations of other models are so small that the threads would wait for one another's Python.
    Dropout draws from one global stream, so a model
    with it stays in the caller's thread.
    """
    random = any(
        isinstance(layer, nn.modules.dropout._DropoutNd) and layer.training and layer.p > 0
        for layer in learner.modules()
    )
    if random or mapping_for(learner.model, tasks.query.y.device) != "loop":
        return 1
    return min(torch.get_num_threads(), tasks.query.y.shape[0])


def _each_task(learner: Learner, tasks: Task, wanted: Parameters) -> Iterator[LossAndGradient]:
    """Loss and gradient of every task, in order."""
    each = [
        Task(*(Split(split.x[i], split.y[i]) for split in tasks))
        for i in range(tasks.query.y.shape[0])
    ]
    count = threads_for(learner, tasks)
    if count == 1:
        yield from (_loss_and_gradient(learner, task, wanted) for task in each)
        return
    # torch.func.functional_call swaps weights inside a module, so no two threads may share one.
    free: SimpleQueue[Learner] = SimpleQueue()
    for _ in range(count):
        free.put(_sharing_weights(learner))
    in_callers_modes = _callers_modes()

    def run(task: Task) -> LossAndGradient:
        own = free.get()
        try:
            with in_callers_modes():
                return _loss_and_gradient(own, task, wanted)
        finally:
            free.put(own)

    with _threads(count) as threads:
        yield from threads.map(run, each)


def _loss_and_gradient(learner: Learner, task: Task, wanted: Parameters) -> LossAndGradient:
    loss = learner.meta_loss(task)
    if not wanted:
        return loss, ()
    return loss.detach(), torch.autograd.grad(loss, wanted, allow_unused=True)


def _sharing_weights(learner: Learner) -> Learner:
    """A copy of the modules around the same parameters and buffers."""
    shared = chain(learner.parameters(), learner.buffers())
    return copy.deepcopy(learner, {id(tensor): tensor for tensor in shared})


def _callers_modes() -> Callable[[], AbstractContextManager[None]]:
    """What autograd and autocast do in this thread, to be done in another."""
    recording, dtype = torch.is_grad_enabled(), torch.get_autocast_dtype("cpu")
    mixed = torch.is_autocast_enabled("cpu")
    kept = torch.is_autocast_cache_enabled()

    @contextmanager
    def modes() -> Iterator[None]:
        autocast = torch.autocast("cpu", dtype, enabled=mixed, cache_enabled=kept)
        with torch.set_grad_enabled(recording), autocast:
            yield

    return modes


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Python threads with one intra-operation thread each."""
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        # A thread's setting is its own, but also what threads started later begin with.
        torch.set_num_threads(before)
