"""A batch of tasks is told from one task, and from what is no batch, before anything runs on it.

Without its task axis a task looks much like a batch of as many tasks as it has items, and a
learner would run on it: support and query items would pair up by place. So shapes are held to what
``Split`` says. One case stays open: integer targets with an axis of their own behind the items,
such as a label a word, look like a batch when their task axis is missing and both splits have as
many items.
"""

from __future__ import annotations

from torch import Tensor

from metalearn_lab.tasks.types import Split, Task, check_tensors


def check_tasks(tasks: Task) -> None:
    """Refuse what is no batch of tasks, every tensor ``[tasks, items, ...]``.

    Looks at shapes alone, so that a device is not waited for.

    Raises:
        TypeError: no ``Task``, or a part of it is no tensor.
        ValueError: the task axis is missing, there is no task or no item, the items of x and y
            are not as many, or the tasks of support and query.
    """
    if not isinstance(tasks, Task):
        raise TypeError(
            f"a learner takes a Task(support, query), got {type(tasks).__name__}: for one episode "
            "give sampler.batch(i, 1), for tasks of your own stack_tasks([task, ...])"
        )
    for name, split in zip(Task._fields, tasks, strict=True):
        check_split(name, split)
    support, query = (split.y.shape[0] for split in tasks)
    if support != query:
        raise ValueError(
            f"support holds {support} tasks and query {query}: every tensor of a batch is [tasks, "
            "items, ...], and one task becomes a batch by stack_tasks([task])"
        )


def check_split(name: str, split: Split) -> None:
    """Refuse what is no split of a batch of tasks, as ``check_tasks`` does.

    Args:
        name: how the split is called in messages.
        split: ``[tasks, items, ...]``.
    """
    if not isinstance(split, Split):
        raise TypeError(f"{name} must be a Split(x, y), got {type(split).__name__}")
    check_tensors(name, split)
    check_inputs(f"{name}.x", split.x)
    least_axes = 3 if split.y.is_floating_point() else 2
    if split.y.ndim < least_axes or split.x.shape[:2] != split.y.shape[:2]:
        raise ValueError(
            f"{name}.x is {list(split.x.shape)} and {name}.y {list(split.y.shape)}, where a batch "
            "of tasks has x [tasks, items, ...], class labels y [tasks, items] and other targets y "
            "[tasks, items, outputs]. One task becomes a batch by stack_tasks([task]), or is drawn "
            "as one by sampler.batch(i, 1); targets gain an axis of outputs by y.unsqueeze(-1)"
        )


def check_inputs(name: str, x: Tensor) -> None:
    """Refuse inputs without a task axis, without tasks or without items.

    Args:
        name: how they are called in messages.
        x: ``[tasks, items, ...]``.

    Raises:
        ValueError: says what is missing.
    """
    if x.ndim < 2:
        raise ValueError(
            f"{name} must be [tasks, items, ...], got {list(x.shape)}: one task becomes a batch by "
            "stack_tasks([task])"
        )
    if 0 in x.shape[:2]:
        missing_kind = "tasks" if x.shape[0] == 0 else "items"
        raise ValueError(
            f"{name} holds no {missing_kind}, its shape is {list(x.shape)}: give at least one"
        )
