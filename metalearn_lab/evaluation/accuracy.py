"""Accuracy: the share of right answers, where there are answers and they can be right."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from metalearn_lab.running.per_task import Loss


def accuracy_of(outputs: Tensor, y: Tensor, loss: Loss) -> Tensor | None:
    """Share of each task's items whose highest score is that of their class.

    A label that is no class is left out: below 0, such as the -100 of padding, or what the loss
    ignores (its ``ignore_index``). An item whose highest score is no finite number is wrong.

    Args:
        outputs: scores ``[tasks, items, classes]``. Where an item has several labels, such as one
            a word, the classes stand right after the items, as ``F.cross_entropy`` has them, or
            last.
        y: class indices ``[tasks, items, ...]``.
        loss: that the learner adapts by.

    Returns:
        ``[tasks]`` in 0…1. None where accuracy is not defined: targets of float type, which are
        regressions or shares of classes, or no axis of two classes or more, as with one logit; and
        where two axes might be the classes.

    Raises:
        ValueError: a task has no item with a class.
    """
    classes = _class_axis(outputs, y)
    if y.is_floating_point() or classes is None or outputs.shape[classes] < 2:
        return None
    best = outputs.max(classes)
    right = (best.indices == y) & best.values.isfinite()
    counted = (y >= 0) & (y != _ignored(loss))
    totals = counted.flatten(1).sum(1)
    if not totals.all():
        task = int((totals == 0).nonzero()[0, 0])
        raise ValueError(
            f"task {task} has no item with a class, so it has no accuracy: leave it out, or give "
            "it labels of 0 or more"
        )
    return (right & counted).flatten(1).sum(1).to(torch.get_default_dtype()) / totals


def _class_axis(outputs: Tensor, y: Tensor) -> int | None:
    """The axis of the outputs that the targets do not have, behind tasks and items."""
    if outputs.ndim != y.ndim + 1:
        return None
    axes = {2, outputs.ndim - 1}
    fitting = [a for a in axes if (*outputs.shape[:a], *outputs.shape[a + 1 :]) == (*y.shape,)]
    return fitting[0] if len(fitting) == 1 else None


def _ignored(loss: Any) -> int:
    """The label that the loss leaves out, if it says so."""
    keywords = getattr(loss, "keywords", {})  # of a functools.partial
    return int(getattr(loss, "ignore_index", keywords.get("ignore_index", -100)))
