"""What to say when a loss stops being a number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, isfinite

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.mapping import over_tasks
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.tasks.types import Split, Task, bad_values

Minibatch = Callable[[Split, int], Split]


class NonFiniteLossError(FloatingPointError):
    """A loss or its gradient became NaN or infinite; the message says where and why."""


def check_finite(learner: Learner, tasks: Task, loss: Tensor, iteration: int) -> None:
    """Say what is wrong with a loss and its gradient at the learner's present weights.

    Raises:
        NonFiniteLossError: with the iteration and the likely cause.
    """
    if loss.isfinite() and _gradients_are_finite(learner):
        return
    what = "meta-loss" if not loss.isfinite() else "meta-gradient"
    cause = _bad_input(learner, tasks) or _training_cause(learner, tasks)
    raise NonFiniteLossError(f"the {what} is not finite at iteration {iteration}: {cause}")


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Whether no entry of any tensor is NaN or inf; one answer from the device for all."""
    # The largest entry, for the sum of squares of finite numbers can overflow.
    checked = [t.detach() for t in tensors if t.numel() and t.is_floating_point()]
    return bool(get_total_norm(checked, norm_type=inf).isfinite())


def check_validation(learner: Learner, tasks: Task, loss: float, iteration: int) -> None:
    """Stop when the weights cannot be judged.

    Raises:
        NonFiniteLossError: with the iteration and the likely cause.
    """
    if isfinite(loss):
        return
    cause = (
        _bad_input(learner, tasks)
        or _inner_loop_cause(learner, tasks, _all_items)
        or "each task's loss is finite, their mean is too large a number: lower inner_lr"
    )
    raise NonFiniteLossError(f"the validation loss is not finite at iteration {iteration}: {cause}")


def _bad_input(learner: Learner, tasks: Task) -> str | None:
    if problem := bad_values(tasks):
        return problem
    for name, parameter in learner.named_parameters():
        if not parameter.isfinite().all():
            return f"the weights {name} are no longer finite: lower the outer learning rate"
    return None


def _training_cause(learner: Learner, tasks: Task) -> str:
    """Follow what the learner's meta-loss does, which is not always what ``adapt`` does."""
    if isinstance(learner, JointPretraining):
        return (
            "the model's own loss, which pretraining takes without adaptation, is too large or "
            "has no finite derivative: check the scale of the data, or lower the outer rate"
        )
    if isinstance(learner, Reptile):
        return _inner_loop_cause(learner, tasks, learner.minibatch) or (
            "the inner loop is finite, but ends so far away that the squared distance is not: "
            f"try a tenth of inner_lr = {learner.inner_lr:g}, or fewer steps"
        )
    return _inner_loop_cause(learner, tasks, _all_items) or (
        "the inner loop is finite, its derivative is not: lower inner_lr or the outer rate"
    )


def _inner_loop_cause(learner: Learner, tasks: Task, minibatch: Minibatch) -> str | None:
    steps, rate = learner.inner_steps, learner.inner_lr
    finite = _losses_along(learner, tasks, minibatch).isfinite().all(dim=0).tolist()
    step = finite.index(False) if False in finite else None
    if step is None:
        return None
    if step == 0:
        return "the model's loss is not finite even before adaptation: check its scale"
    if step <= steps:
        return (
            f"the inner loop diverges at step {step} of {steps} with inner_lr = {rate:g}: try a "
            "tenth of it, or fewer steps"
        )
    return (
        "the support loss is finite at every inner step, only the query loss after adaptation is "
        f"not: compare the scale of query and support, or try a tenth of inner_lr = {rate:g}"
    )


@torch.no_grad()
def _losses_along(learner: Learner, tasks: Task, minibatch: Minibatch) -> Tensor:
    """Support loss at θ_0, …, θ_k, then query loss at θ_k: ``[tasks, inner steps + 2]``."""

    def of_one(task: Task) -> Tensor:
        splits = [minibatch(task.support, step) for step in range(learner.inner_steps + 1)]
        theta = learner.weights()
        if isinstance(learner, Reptile):
            trajectory = learner.descend(theta, splits[:-1])
        else:
            trajectory = learner.inner_loop(theta, task.support, learner.inner_steps)
        pairs = zip(trajectory, splits, strict=True)
        losses = [learner.loss_at(weights, split) for weights, split in pairs]
        # Reptile has no query split of its own: what it trains on stands in both places.
        query = splits[-1] if isinstance(learner, Reptile) else task.query
        return torch.stack([*losses, learner.loss_at(trajectory[-1], query)])

    losses: Tensor = over_tasks(of_one, learner.mapping, learner.chunk_size)(tasks)
    return losses


def _all_items(split: Split, step: int) -> Split:
    return split


def _gradients_are_finite(learner: Learner) -> bool:
    return all_finite(p.grad for p in learner.parameters() if p.grad is not None)
