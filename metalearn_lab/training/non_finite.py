"""What to say when a meta-loss stops being a number."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.mapping import over_tasks
from metalearn_lab.tasks.types import Split, Task


class NonFiniteLossError(FloatingPointError):
    """The meta-loss or its gradient became NaN or infinite; the message says where and why."""


def check_finite(learner: Learner, tasks: Task, loss: Tensor, iteration: int) -> None:
    """Stop before a bad gradient reaches the weights.

    Raises:
        NonFiniteLossError: with the iteration and the likely cause.
    """
    if loss.isfinite() and _gradients_are_finite(learner):
        return
    what = "meta-loss" if not loss.isfinite() else "meta-gradient"
    raise NonFiniteLossError(
        f"the {what} is not finite at iteration {iteration}: {likely_cause(learner, tasks)}"
    )


def likely_cause(learner: Learner, tasks: Task) -> str:
    """The first thing found wrong, looking at data, weights, then the inner loop."""
    for name, split in zip(Task._fields, tasks, strict=True):
        for part, values in zip(Split._fields, split, strict=True):
            bad = ~torch.isfinite(values.double())
            if bad.any():
                task = int(bad.nonzero()[0, 0])
                return f"{name}.{part} of task {task} in the batch holds NaN or inf: mend the data"
    for name, parameter in learner.named_parameters():
        if not parameter.isfinite().all():
            return f"the weights {name} are no longer finite: lower the outer learning rate"
    return _inner_loop_cause(learner, tasks)


@torch.no_grad()
def _inner_loop_cause(learner: Learner, tasks: Task) -> str:
    for step, weights in enumerate(learner.adapt(tasks.support)):
        outputs = learner.predict(weights, tasks.support.x)
        losses = over_tasks(learner.loss, learner.mapping)(outputs, tasks.support.y)
        if not losses.isfinite().all():
            if step == 0:
                return "the model's loss is not finite even before adaptation: check its scale"
            return (
                f"the inner loop diverges at step {step} of {learner.inner_steps} with inner_lr = "
                f"{learner.inner_lr:g}: try a tenth of it, or fewer steps"
            )
    return "the inner loop is finite, its derivative is not: lower inner_lr or the outer rate"


def _gradients_are_finite(learner: Learner) -> bool:
    gradients = [p.grad for p in learner.parameters() if p.grad is not None]
    return all(bool(gradient.isfinite().all()) for gradient in gradients)
