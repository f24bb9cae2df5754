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

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from metalearn_lab.one_thread import threads_outside
from metalearn_lab.running.known_gradient import (
    LossAndGradient,
    leaves_wanting,
    loss_and_gradient,
    mean_of_parts,
    rows,
)
from metalearn_lab.running.mapping import is_heavy
from metalearn_lab.running.per_task import PerTask
from metalearn_lab.running.random_state import RandomState
from metalearn_lab.running.traits import watch_once
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
    recorded = torch.is_grad_enabled()
    wanted = [p for p in learner.parameters() if p.requires_grad and recorded]
    one_by_one = [rows(tasks, slice(i, i + 1)) for i in range(count)]

    def mean(threads: int) -> Tensor:
        each = _each_task(learner, one_by_one, wanted, threads)
        return mean_of_parts(each, wanted, count, leaves_wanting(tasks))

    threads = threads_for(learner, tasks)
    before = RandomState(tasks.query.y.device)
    loss = mean(threads)
    if threads > 1 and before.has_moved():
        # Which thread drew first is chance; one alone draws in the order of the tasks.
        before.restore()
        loss = mean(1)
    return loss


def threads_for(learner: PerTask, tasks: Task) -> int:
    """How many tasks are run side by side: as many as PyTorch has threads, where that pays.

    It does on a CPU for the models that are looped by the rule, convolutions and attention. The
    operations of other models are so small that the threads would wait for one another's Python.
    Random numbers come from one stream, so a model that draws some stays in the caller's thread,
    and so does one of which no copies can be made.
    """
    traits = watch_once(learner, tasks.support.x)
    if (traits and traits.draws) or not is_heavy(learner.model, tasks.query.y.device):
        return 1
    return min(threads_outside(), tasks.query.y.shape[0])


def _each_task(
    learner: PerTask, tasks: list[Task], wanted: Parameters, count: int
) -> Iterator[LossAndGradient]:
    """Loss and gradient of every task, in order."""
    # torch.func.functional_call swaps weights inside a module, so no two threads may share one.
    copies = [copy_around_weights(learner) for _ in range(count)] if count > 1 else []
    if None in copies or not copies:
        yield from (_loss_and_gradient(learner, i, tasks, wanted) for i in range(len(tasks)))
        return
    free: SimpleQueue[PerTask] = SimpleQueue()
    for own in copies:
        free.put(own)  # type: ignore[arg-type]
    in_callers_modes = _callers_modes()

    def run(i: int) -> LossAndGradient:
        own = free.get()
        try:
            with in_callers_modes():
                return _loss_and_gradient(own, i, tasks, wanted)
        finally:
            free.put(own)

    with _threads(count) as threads:
        yield from threads.map(run, range(len(tasks)))


def _loss_and_gradient(
    learner: PerTask, i: int, tasks: list[Task], wanted: Parameters
) -> LossAndGradient:
    def loss(one: Task) -> Tensor:
        return learner.meta_loss(select_tasks(one, 0))

    return loss_and_gradient(loss, tasks[i], wanted, checked=i == 0)


def copy_around_weights(learner: PerTask) -> PerTask | None:
    """A copy of the modules around the same parameters and buffers; None where there can be none.

    What the model keeps of an earlier run, such as its features, is shared too.
    """
    kept = (leaf for module in learner.modules() for leaf in pytree.tree_leaves(vars(module)))
    shared = chain(learner.parameters(), learner.buffers(), kept)
    try:
        return copy.deepcopy(learner, {id(t): t for t in shared if isinstance(t, Tensor)})
    except Exception:  # Whatever a model holds that is one of its kind, a lock or a file.
        return None


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
