"""What a learner says after each inner step on new tasks, without its fast weights."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.learners.few_threads import on_few_threads
from metalearn_lab.learners.learner import Learner, check_steps
from metalearn_lab.learners.over_batch import over_batch
from metalearn_lab.tasks.types import Split, Task


@torch.no_grad()
@on_few_threads
def predict_along(learner: Learner, tasks: Task, steps: int | None = None) -> Tensor:
    """Outputs on the query inputs after 0, …, steps inner steps on the support split.

    The same numbers as ``predict`` at each point of ``adapt``, to rounding; but as nobody sees
    the fast weights, they need not be held for all tasks and steps, nor in full.

    Args:
        learner: any learner.
        tasks: every tensor ``[tasks, items, ...]``.
        steps: inner steps, the learner's own number when not given.

    Returns:
        ``[tasks, steps + 1, items, outputs]``.

    Raises:
        ValueError: ``steps`` is negative.
    """
    count = learner.inner_steps if steps is None else steps
    check_steps(count)

    def of_one(learner: Learner, support: Split, query: Split) -> Tensor:
        trajectory = learner.inner_loop(learner.weights(), support, count)
        return torch.stack([learner.call(theta, query.x) for theta in trajectory])

    return over_batch(learner, of_one, *tasks)
