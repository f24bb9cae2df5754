"""A block of outer steps, of which the device is asked only at the end whether all went well."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.tasks.types import Task
from metalearn_lab.training.non_finite import NonFiniteLossError, all_finite, check_finite
from metalearn_lab.training.outer_step import OuterStep
from metalearn_lab.training.sharding import mean_over_ranks, ranks
from metalearn_lab.training.trainee import SavedState, Trainee

BLOCK = 100
"""The most steps between two questions to the device."""


def train_block(
    trainee: Trainee, outer: OuterStep, tasks: Callable[[int], Task], iterations: range
) -> list[float]:
    """Take the outer steps of these iterations.

    To ask after every step would make a GPU wait for every answer. So the steps are taken on
    trust, and where one of them lost finiteness, all are taken again from the start of the block,
    one by one, to find which: tasks depend on the iteration alone, so it is the same again.

    Args:
        trainee: what the steps change; a copy of it is held meanwhile.
        outer: takes a step.
        tasks: the meta-batch of an iteration.
        iterations: of the block.

    Returns:
        The meta-loss of each iteration, the mean over all ranks.

    Raises:
        NonFiniteLossError: a meta-loss, a meta-gradient or the weights after a step are not
            finite; names the iteration and the likely cause. The trainee stands before that step.
        NotCompilable: a compiled step no longer is what PyTorch computes, because of something
            that a user's code depends on. The trainee stands before the block.
    """
    before, learner = trainee.saved_state(), trainee.learner
    weights = list(learner.parameters())
    # NaN and inf never leave a sum again, whatever the optimiser made of them. The sum of finite
    # numbers may overflow, which costs nothing but a second look.
    sums = [torch.zeros_like(weight, requires_grad=False) for weight in weights]
    losses: list[Tensor] = []
    try:
        for iteration in iterations:
            learner.before_iteration(iteration)
            batch = tasks(iteration)
            losses.append(outer.step(batch))
            _add_gradients(sums, weights)
            trainee.step_scheduler()
    except Exception:
        # What NaN does to somebody's code is no news; where it came from is. But a rank among
        # several may be alone with this error, and no other would take the steps again with it.
        if ranks() > 1 or all_finite([*losses, *sums, *learner.parameters()]):
            raise
    else:
        # Gradients and weights are equal on all ranks, losses only now: all go on, or none does.
        values = mean_over_ranks(torch.stack(losses))
        if all_finite([values, *sums, *learner.parameters()]):
            _check_compiled(trainee, outer, batch, before)
            return values.tolist()
    trainee.restore(before)
    return [_checked_step(trainee, outer, tasks, i) for i in iterations]


def _check_compiled(trainee: Trainee, outer: OuterStep, batch: Task, before: SavedState) -> None:
    try:
        outer.check(batch)
    except NotCompilable:
        trainee.restore(before)
        raise


def _checked_step(
    trainee: Trainee, outer: OuterStep, tasks: Callable[[int], Task], iteration: int
) -> float:
    """One step, taken back if anything is wrong with it."""
    trainee.learner.before_iteration(iteration)
    batch = tasks(iteration)
    before, weights = trainee.saved_state(), list(trainee.learner.parameters())
    were_finite = all_finite(weights)
    loss = mean_over_ranks(outer.step(batch))
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    if all_finite([loss, *gradients]) and (all_finite(weights) or not were_finite):
        trainee.step_scheduler()
        return loss.item()
    trainee.restore(before)
    check_finite(trainee.learner, batch, loss, iteration)
    raise NonFiniteLossError(
        f"the weights are not finite after the outer step of iteration {iteration}, though its "
        "gradient is: lower the outer learning rate"
    )


def _add_gradients(sums: list[Tensor], weights: list[nn.Parameter]) -> None:
    """Add the gradients of the step just taken to their sums, all at once."""
    pairs = zip(sums, weights, strict=True)
    summands = [(total, weight.grad) for total, weight in pairs if weight.grad is not None]
    if summands:
        torch._foreach_add_(*map(list, zip(*summands, strict=True)))
