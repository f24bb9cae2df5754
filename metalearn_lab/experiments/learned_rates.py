"""Train a start and learned rates, each with an outer step size; then change the rates alone."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.evaluation.adaptation_curves import adapted_loss
from metalearn_lab.learners.learner import Learner, TaskSource
from metalearn_lab.learners.meta_sgd import MetaSGD
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Task, to_device
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.non_finite import NonFiniteLossError


def batches_of(
    source: TaskSource, size: int, device: torch.device | str | None = None
) -> Callable[[int], Task]:
    """The meta-batches of a training, by the number of the outer step.

    Args:
        source: gives tasks by their numbers.
        size: tasks in each.
        device: where they are put; as they come when not given.
    """

    def batch(i: int) -> Task:
        tasks = source.batch(size * i, size)
        return tasks if device is None else to_device(tasks, device)

    return batch


def outer_adam(learner: Learner, outer_lr: float, rates_lr: float) -> torch.optim.Adam:
    """Adam that moves the model by β and what else is learned, the rates, by a size of their own.

    Args:
        learner: of rates, or of a start alone.
        outer_lr: β, of the model; 0 holds the start.
        rates_lr: of all other parameters of the learner.
    """
    model = list(learner.model.parameters())
    of_model = {id(weight) for weight in model}
    rates = [each for each in learner.parameters() if id(each) not in of_model]
    groups = [{"params": model, "lr": outer_lr}, {"params": rates, "lr": rates_lr}]
    return torch.optim.Adam(groups[: 2 if rates else 1])


def train_rates(
    learner: Learner,
    tasks: Callable[[int], Task],
    iterations: int,
    outer_lr: float,
    rates_lr: float,
    *,
    compiled: bool = False,
) -> bool:
    """Train a learner in place, in compiled code where that is asked for and can be had.

    Args:
        learner: of rates, or of a start alone.
        tasks: the meta-batch of an iteration.
        iterations: outer steps.
        outer_lr: as for ``outer_adam``.
        rates_lr: as for ``outer_adam``.
        compiled: worth it for small dense networks.

    Returns:
        False if it stopped at a loss or a gradient that is not finite.
    """

    def run(in_c: bool) -> None:
        optimizer = outer_adam(learner, outer_lr, rates_lr)
        meta_train(
            learner,
            tasks,
            iterations=iterations,
            optimizer=optimizer,
            progress=False,
            compiled=in_c,
        )

    try:
        try:
            run(compiled)
        except NotCompilable:
            run(False)
    except NonFiniteLossError:
        return False
    return True


def flat_rates(learner: MetaSGD) -> Tensor:
    """All learned rates as one vector on the CPU."""
    return torch.cat([rate.detach().flatten() for rate in learner.rates]).cpu()


def changes(seed: int) -> dict[str, Callable[[Tensor], Tensor]]:
    """Changes of the rates of one tensor that keep something of them, by what they do.

    Args:
        seed: of the shuffling.
    """
    numbers = generator("shuffled rates", seed)

    def shuffle(rates: Tensor) -> Tensor:
        order = torch.randperm(rates.numel(), generator=numbers)
        return rates.flatten()[order.to(rates.device)].view_as(rates)

    return {
        "all rates of a tensor are their mean": lambda rates: rates.mean().expand_as(rates),
        "the rates of a tensor are shuffled": shuffle,
        "negative rates are zero": lambda rates: rates.clamp(min=0),
    }


def loss_with_rates(learner: MetaSGD, change: Callable[[Tensor], Tensor], tasks: Task) -> float:
    """Mean query loss after adapting with other rates; infinite where the inner loop diverges.

    Args:
        learner: stays as it is.
        change: of the rates of one parameter tensor.
        tasks: unseen, every tensor ``[tasks, items, ...]``.
    """
    twin = copy.deepcopy(learner)
    for rate in twin.rates:
        rate.data = change(rate.data)
    loss = adapted_loss(twin, tasks)
    return loss if math.isfinite(loss) else math.inf
