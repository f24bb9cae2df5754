"""Curves that learners fit to tasks with one input and one output."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from torch import Tensor

from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.tasks.types import Task, to_device


def for_one_task(learners: Mapping[str, Learner]) -> dict[str, Learner]:
    """The same learners, their weights shared, run without ``vmap``: a fifth of its time.

    It is for an explorer that adapts them to one task at a time.
    """
    twins = {name: copy.copy(learner) for name, learner in learners.items()}
    for twin in twins.values():
        twin.chunk_size = twin.low_rank = None  # which are for "vmap" alone
        twin.mapping = "loop"
    return twins


def fitted_curves(learner: Learner, tasks: Task, steps: int) -> Tensor:
    """Outputs on the query inputs after 0, …, steps inner steps, on the CPU.

    Returns:
        ``[tasks, steps + 1, items]``.
    """
    there = to_device(tasks, next(learner.parameters()).device)
    return predict_along(learner, there, steps)[..., 0].cpu()
