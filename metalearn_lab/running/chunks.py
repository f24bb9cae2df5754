"""Tasks in chunks: the memory of a few tasks at once instead of all."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from metalearn_lab.running.known_gradient import (
    LostGradient,
    leaves_with_gradient,
    loss_and_gradient,
    mean_of_parts,
)
from metalearn_lab.running.mapping import over_batch
from metalearn_lab.running.per_task import PerTask
from metalearn_lab.running.traits import storage_of, tensors_in
from metalearn_lab.tasks.types import Task, select_tasks


def chunked_meta_loss(learner: PerTask, tasks: Task, size: int) -> Tensor:
    """The mean meta-loss, each chunk's gradient computed and freed before the next.

    Args:
        learner: whose ``meta_loss`` is run, all tasks of a chunk at once.
        tasks: a batch, every tensor ``[tasks, items, ...]``.
        size: the most tasks in a chunk. A batch of one chunk keeps its graph.
    """
    count = tasks.query.y.shape[0]
    if size >= count:
        return losses_of_chunk(learner, tasks).mean()
    parameters = [p for p in learner.parameters() if p.requires_grad and torch.is_grad_enabled()]

    parts = (
        loss_and_gradient(
            lambda chunk: losses_of_chunk(learner, chunk).sum(),
            select_tasks(tasks, slice(first, first + size)),
            parameters,
            checked=first == 0,
        )
        for first in range(0, count, size)
    )
    try:
        return mean_of_parts(parts, parameters, count, leaves_with_gradient(tasks))
    except LostGradient:
        if learner.chunk_size is not None:
            raise
        # The chunks were only to spare memory, and no result may depend on how much is free.
        return losses_of_chunk(learner, tasks).mean()


def tasks_at_once(learner: PerTask, tasks: Task) -> int:
    """How many tasks are run at once: as many as was asked, else all, if they fit.

    The rule: where the graphs of all tasks would take more than half of the free memory, as many
    as take half. What one task's graph may hold is measured on the first task, which is done
    only where a rough bound (fifty times the fast weights and the data) does not fit already.

    Args:
        learner: asked for its ``chunk_size``.
        tasks: a batch on the device whose memory counts.
    """
    count = tasks.query.y.shape[0]
    if learner.chunk_size is not None or not torch.is_grad_enabled():
        return learner.chunk_size or count
    free_memory = free_bytes(tasks.query.y.device)
    weight_bytes = sum(parameter.nbytes for parameter in learner.parameters())
    data_bytes = sum(tensor.nbytes for split in tasks for tensor in split)
    if (
        free_memory is None
        or 50 * (count * weight_bytes * (learner.inner_steps + 1) + data_bytes) <= free_memory / 2
    ):
        return count
    return max(1, min(count, int(free_memory / 2 / max(graph_bytes(learner, tasks), 1))))


def graph_bytes(learner: PerTask, tasks: Task) -> int:
    """What the graph of the first task's meta-loss may hold: all that computing it writes."""
    counter = _WrittenBytes()
    with counter:
        learner.meta_loss(select_tasks(tasks, 0))
    return counter.bytes


class _WrittenBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what operations write; views of their arguments are not counted again."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        results = func(*args, **(kwargs or {}))
        argument_storages = {storage_of(tensor) for tensor in tensors_in((args, kwargs))}
        self.bytes += sum(
            tensor.nbytes
            for tensor in tensors_in(results)
            if storage_of(tensor) not in argument_storages
        )
        return results


def free_bytes(device: torch.device) -> int | None:
    """Free memory of a device; None where the system does not say."""
    if device.type == "cuda":
        reserved = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + reserved
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def losses_of_chunk(learner: PerTask, tasks: Task) -> Tensor:
    """The meta-loss of each task, all at once: ``[tasks]``."""
    losses = learner.losses_at_once(tasks)
    if losses is not None:
        return losses
    return over_batch(
        learner,
        lambda learner, support, query: learner.meta_loss(Task(support, query)),
        *tasks,
        low_rank_pays=learner.low_rank_pays,
    )
