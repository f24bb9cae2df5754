"""The data every learner sees: a support split to adapt on and a query split to be judged on.

Both are NamedTuples of tensors, so a *batch of tasks* is the same type with one more leading
axis, and ``torch.func.vmap`` maps over it with no adapter code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor


class Split(NamedTuple):
    """Items and their targets.

    Attributes:
        x: inputs, ``[items, ...]``, or ``[tasks, items, ...]`` in a batch of tasks.
        y: class indices ``[items]`` (int64) or regression targets ``[items, outputs]``;
            with a leading task axis in a batch.
    """

    x: Tensor
    y: Tensor


class Task(NamedTuple):
    """One task, or a batch of tasks with a leading task axis.

    Attributes:
        support: what the learner adapts on.
        query: what the adapted learner is judged on.
    """

    support: Split
    query: Split


def stack_tasks(tasks: Sequence[Task]) -> Task:
    """Stack tasks of equal shapes on a new leading task axis; one task becomes a batch of one.

    Args:
        tasks: one or more, in a list.

    Raises:
        TypeError: something else than tasks was given, or a part of one is no tensor.
        ValueError: no tasks were given, or their shapes differ.
    """
    if isinstance(tasks, Task):
        raise TypeError("stack_tasks takes a list of tasks and got one task: give [task]")
    if not tasks:
        raise ValueError("no tasks to stack: give at least one")
    for task in tasks:
        if not isinstance(task, Task):
            raise TypeError(
                f"stack_tasks takes Task(support, query), got {type(task).__name__}: of an episode "
                "give its .task"
            )
        for name, split in zip(Task._fields, task, strict=True):
            check_tensors(name, split)
    shapes = {tuple(values.shape for split in task for values in split) for task in tasks}
    if len(shapes) > 1:
        raise ValueError(
            f"tasks of different shapes cannot be stacked: found {len(shapes)} kinds; "
            "use the same ways, shots and queries for every task of a batch"
        )
    return map_tensors(lambda *tensors: torch.stack(tensors), *tasks)


def map_tensors(function: Callable[..., Tensor], *tasks: Task) -> Task:
    """A task of what a function makes of each tensor.

    Args:
        function: called for x and y of support and query, with that tensor of every task.
        tasks: one or more, each a task or a batch of tasks.
    """
    return Task(*(Split(*map(function, *splits)) for splits in zip(*tasks, strict=True)))


def select_tasks(batch: Task, index: int | slice | Tensor) -> Task:
    """Some tasks of a batch, in the order of the index; an integer's one has no task axis."""
    return map_tensors(lambda values: values[index], batch)


def check_tensors(name: str, split: Split) -> None:
    """Refuse a split that holds something else than tensors.

    Args:
        name: how it is called in the message.
        split: its x and y.

    Raises:
        TypeError: names the part and its type.
    """
    for field, values in zip(Split._fields, split, strict=True):
        if not isinstance(values, Tensor):
            raise TypeError(
                f"{name}.{field} must be a torch.Tensor, got {type(values).__module__}."
                f"{type(values).__name__}: use torch.as_tensor(...)"
            )


def merge_splits(task: Task) -> Task:
    """Put all the data on both sides, for learners that make no difference between them.

    Joint pretraining and Reptile use every labelled item they are given; with merged tasks they
    see exactly as many as MAML sees in support and query together.

    Returns:
        A task (or batch) whose support and query are both the old support then the old query.

    Raises:
        ValueError: regression targets without an axis of outputs, ``[items]``.
    """
    axis = task.support.y.ndim - (2 if task.support.y.is_floating_point() else 1)
    if axis < 0 or task.support.x.shape[: axis + 1] != task.support.y.shape[: axis + 1]:
        raise ValueError(
            f"x {tuple(task.support.x.shape)} and y {tuple(task.support.y.shape)} do not have the "
            "same items: give regression targets as [items, outputs]"
        )
    everything = Split(*(torch.cat(pair, dim=axis) for pair in zip(*task, strict=True)))
    return Task(everything, everything)


def first_shots(tasks: Task, ways: int, shots: int) -> Task:
    """The tasks with the first K support items of each class, and the same query items.

    So accuracies at several K differ by the number of shots alone, not by the episodes.

    Args:
        tasks: of an ``EpisodeSampler``, whose items stand shot by shot; a batch, or one task.
        ways: N.
        shots: K, at most what the tasks have.

    Raises:
        ValueError: K out of range, or the support is not N items for each of some shots.
    """
    items = tasks.support.y.shape[-1]
    if items % ways:
        raise ValueError(f"{items} support items are not {ways} of each shot: is ways right?")
    if not 1 <= shots <= items // ways:
        raise ValueError(f"these tasks have 1 to {items // ways} shots to take, got {shots}")
    axis = tasks.support.y.ndim - 1
    x, y = (values.narrow(axis, 0, ways * shots) for values in tasks.support)
    return Task(Split(x, y), tasks.query)


def bad_values(tasks: Task) -> str | None:
    """Where a batch of tasks holds NaN or inf, in words; None where it holds none."""
    for name, split in zip(Task._fields, tasks, strict=True):
        for field, values in zip(Split._fields, split, strict=True):
            if values.is_floating_point() and not values.isfinite().all():
                task = int((~values.isfinite()).nonzero()[0, 0])
                return f"{name}.{field} of task {task} in the batch holds NaN or inf: mend the data"
    return None


def to_device(task: Task, device: torch.device | str) -> Task:
    """Move a task or a batch of tasks to a device; a GPU is not waited for."""
    return map_tensors(partial(_moved, device=torch.device(device)), task)


def _moved(values: Tensor, device: torch.device) -> Tensor:
    if device.type == "cuda" and values.device.type == "cpu":
        # From pinned memory the copy is queued; from any other the driver waits for its turn.
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)
