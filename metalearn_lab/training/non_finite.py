"""What to say when a loss stops being a number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, isfinite

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from metalearn_lab.learners.learner import Learner
from metalearn_lab.running.mapping import over_tasks
from metalearn_lab.tasks.types import Task, bad_values


class NonFiniteLossError(FloatingPointError):
    """A loss or its gradient became NaN or infinite; the message says where and why."""


def check_finite(learner: Learner, tasks: Task, loss: Tensor, iteration: int) -> None:
    """Say what is wrong with a loss and its gradient at the learner's present weights.

    Raises:
        NonFiniteLossError: with the iteration and the likely cause.
    """
    gradients = [p.grad for p in learner.parameters() if p.grad is not None]
    if loss.isfinite() and all_finite(gradients):
        return
    quantity = "meta-loss" if not loss.isfinite() else "meta-gradient"
    cause = (
        _bad_input(learner, tasks)
        # Follows what the learner's training computes, which is not always what ``adapt`` does.
        or _first_cause(learner, tasks, learner.training_losses)
        or "the inner loop is finite, but its derivative, or the squared distance that it went, "
        f"is not: {_smaller_steps(learner)}, or lower the outer rate"
    )
    raise NonFiniteLossError(f"the {quantity} is not finite at iteration {iteration}: {cause}")


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Whether no entry of any tensor is NaN or inf; one answer from the device for all."""
    # The largest entry, for the sum of squares of finite numbers can overflow.
    checked_tensors = [
        tensor.detach() for tensor in tensors if tensor.numel() and tensor.is_floating_point()
    ]
    return bool(get_total_norm(checked_tensors, norm_type=inf).isfinite())


def check_validation(learner: Learner, tasks: Task, loss: float, iteration: int) -> None:
    """Stop when the weights cannot be judged.

    Raises:
        NonFiniteLossError: with the iteration and the likely cause.
    """
    if isfinite(loss):
        return
    cause = (
        _bad_input(learner, tasks)
        or _first_cause(learner, tasks, learner.adaptation_losses)
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


def _first_cause(
    learner: Learner, tasks: Task, losses_of: Callable[[Task], list[Tensor]]
) -> str | None:
    """What is wrong at the first loss that is not finite; None where all are and may not be.

    Args:
        learner: whose losses they are.
        tasks: a batch.
        losses_of: of one task, in the order in which they are computed.
    """
    with torch.no_grad():
        losses = over_tasks(
            lambda task: torch.stack(losses_of(task)), learner.mapping, learner.chunk_size
        )(tasks)
    are_finite = losses.isfinite().all(dim=0).tolist()
    if len(are_finite) == 1:
        return (
            "the model's own loss, which is taken here without inner steps, is too large or has no "
            "finite derivative: check the scale of the data and, for a learner with `ways`, that "
            "support labels are 0, …, ways − 1 and each class has one; or lower the outer rate"
        )
    if all(are_finite):
        return None
    step = are_finite.index(False)
    if step == 0:
        return (
            "the model's loss is not finite even before adaptation: check its scale and, for a "
            "learner of prototypes, that support labels are 0, …, ways − 1 and each class has one"
        )
    if step <= learner.inner_steps:
        return (
            f"the inner loop diverges at step {step} of {learner.inner_steps}: "
            f"{_smaller_steps(learner)}"
        )
    return (
        "the support loss is finite at every inner step, only the query loss after adaptation is "
        f"not: compare the scale of query and support, or {_smaller_steps(learner)}"
    )


def _smaller_steps(learner: Learner) -> str:
    rate = getattr(learner, "inner_lr", None)
    advice = "smaller rates" if rate is None else f"a tenth of inner_lr = {rate:g}"
    return f"try {advice}, or fewer steps"
