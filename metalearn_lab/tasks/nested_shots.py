"""The same episodes at fewer shots: supports that lie inside each other, one query set."""

from __future__ import annotations

from metalearn_lab.tasks.types import Split, Task


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
    x, y = (part.narrow(axis, 0, ways * shots) for part in tasks.support)
    return Task(Split(x, y), tasks.query)
