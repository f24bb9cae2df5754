"""Train a prior-fitted network on lines, and judge means and widths."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LinearLR

from metalearn_lab.learners.learner import Learner, TaskSource
from metalearn_lab.learners.neural_process import NeuralProcess, normal_loss
from metalearn_lab.learners.prior_fitted import PriorFitted
from metalearn_lab.models.context_transformer import ContextTransformer
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task, to_device
from metalearn_lab.training.meta_train import meta_train

LAST_SHARE = 0.05
"""Of β, at the end of a training."""


def fewer_points(source: TaskSource, size: int, seed: int = 0) -> Callable[[int], Task]:
    """The meta-batches of a training, in each of which the support has another number of points.

    Args:
        source: gives tasks by their numbers.
        size: tasks in each.
        seed: of the number of points, uniform from 1 to what the source gives.
    """

    def batch(i: int) -> Task:
        tasks = source.batch(size * i, size)
        most = tasks.support.x.shape[1]
        numbers = generator("fewer points", seed, i)
        return first_points(tasks, int(torch.randint(1, most + 1, (), generator=numbers)))

    return batch


def first_points(tasks: Task, shots: int) -> Task:
    """The same tasks with the first points of their supports alone."""
    x, y = tasks.support
    return Task(Split(x[:, :shots], y[:, :shots]), tasks.query)


@one_thread()
def train(
    learner: Learner,
    batch: Callable[[int], Task],
    iterations: int,
    outer_lr: float,
    device: torch.device | str = "cpu",
) -> None:
    """Train in place by Adam, whose step size falls linearly to a twentieth of β.

    Args:
        learner: any.
        batch: the meta-batch of each outer step.
        iterations: outer steps.
        outer_lr: β at first.
        device: where the learner is, and the tasks are put.
    """
    optimizer = torch.optim.Adam(learner.parameters(), outer_lr)
    meta_train(
        learner,
        lambda i: to_device(batch(i), device),
        iterations=iterations,
        optimizer=optimizer,
        scheduler=LinearLR(optimizer, 1.0, LAST_SHARE, iterations),
        progress=False,
    )


def line_network(seed: int = 0) -> PriorFitted:
    """For lines, untrained.

    Chapter 15 trains it in 1000 steps with β = 0.006. Of 0.0015, 0.003, 0.004 and 0.006 this left
    the least surprise on 300 validation tasks of seed 100, over 1, 5, 10 and 20 points: 0.038 nats
    behind the exact posterior (0.004: 0.039). That is one training each; more was not tried.
    """
    model = ContextTransformer(1, 1, 2, dim=32, layers=2, heads=4, hidden=64, scale=2.0, seed=seed)
    return PriorFitted(model, mapping="vmap")


def bands(learner: PriorFitted | NeuralProcess, tasks: Task) -> tuple[Tensor, Tensor]:
    """What a network says at the queries: mean and standard deviation, ``[tasks, n]``, float64."""
    [adapted] = learner.adapt(tasks.support, 0)
    mean, width = learner.predict(adapted, tasks.query.x).double().unbind(-1)
    return mean, width


def judged(band: tuple[Tensor, Tensor], tasks: Task) -> dict[str, float]:
    """How good means and standard deviations are for the queries of some tasks.

    Args:
        band: both, ``[tasks, n]``, as ``bands`` or a posterior gives them.
        tasks: whose queries they predict.

    Returns:
        The mean squared "error", the mean negative log-likelihood in nats under "surprise", and
        under "in band" the share of the queries within 1.96 standard deviations.
    """
    (mean, width), y = band, tasks.query.y[..., 0]
    outputs = torch.stack([mean, width], -1).flatten(0, 1)
    return {
        "error": ((mean - y) ** 2).mean().item(),
        "surprise": normal_loss(outputs, y.flatten()[:, None]).item(),
        "in band": ((mean - y).abs() < 1.96 * width).double().mean().item(),
    }
