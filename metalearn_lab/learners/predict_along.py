"""What a learner says after each inner step on new tasks, without its fast weights."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.settings import step_count
from metalearn_lab.running.eval_mode import in_eval_mode
from metalearn_lab.running.few_threads import on_few_threads
from metalearn_lab.running.mapping import over_batch
from metalearn_lab.running.per_task import PerTask
from metalearn_lab.tasks.batches import check_tasks
from metalearn_lab.tasks.types import Split, Task


@torch.no_grad()
@on_few_threads
def predict_along(learner: Learner, tasks: Task, steps: int | None = None) -> Tensor:
    """Outputs on the query inputs after 0, …, steps inner steps on the support split.

    The same numbers as ``predict`` at each point of ``adapt``, to rounding; but as nobody sees
    the fast weights, they need not be held for all tasks and steps, nor in full. And it runs in
    eval mode, so without dropout (see ``running.eval_mode``), where those follow the mode that
    the learner is in.

    Args:
        learner: any learner.
        tasks: every tensor ``[tasks, items, ...]``.
        steps: inner steps, the learner's own number when not given.

    Returns:
        ``[tasks, steps + 1, items, outputs]``.

    Raises:
        TypeError, ValueError: ``steps`` is negative, the tasks are no batch (see
            ``tasks.batches``), or the fast weights are named wrongly (see ``Learner``).
    """
    count = step_count(learner.inner_steps if steps is None else steps)
    check_tasks(tasks)
    learner.check_weights()

    def of_one(learner: PerTask, support: Split, query: Split) -> Tensor:
        trajectory = learner.trajectory(support, count)
        return torch.stack([learner.call(theta, query.x) for theta in trajectory])

    with in_eval_mode(learner):
        return over_batch(learner, of_one, *tasks)
