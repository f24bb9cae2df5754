"""Learners on noisy sinusoids at equal outer steps: a context, one pass, inner steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.lr_scheduler import LinearLR

from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.experiments.meta_network_lab import (
    MetaNetworkLab,
    errors_along,
    sinusoids_between,
)
from metalearn_lab.experiments.prior_fitted_lab import (
    LAST_SHARE,
    bands,
    fewer_points,
    first_points,
    judged,
    train,
)
from metalearn_lab.experiments.sinusoid_posterior import sinusoid_posterior
from metalearn_lab.experiments.sinusoid_process import posterior
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.neural_process import NeuralProcess
from metalearn_lab.learners.prior_fitted import PriorFitted
from metalearn_lab.models.context_transformer import ContextTransformer
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.weight_generators import LowRankWeights
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.placement import points_of
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, merge_splits
from metalearn_lab.training.outer_step import OuterStep

NOISE, MOST_POINTS, META_BATCH, MOST_STEPS = 0.1, 10, 25, 10
"""σ of every y, points of the largest context, tasks in an outer step, longest adaptation."""

WITH_BANDS = ("prior_fitted", "neural_process")
"""Learners that say how sure they are."""


@dataclass(frozen=True)
class NoisySinusoids:
    """The tasks of a ``Sinusoids``, with normal noise on every y.

    Args:
        family: whose curves and inputs they are.
        noise: its standard deviation.
    """

    family: Sinusoids
    noise: float = NOISE

    def batch(self, first: int, count: int) -> Task:
        """Tasks ``first`` … ``first + count − 1``; the noise depends on both numbers."""
        family = self.family
        tasks = family.batch(first, count)
        return with_noise(tasks, self.noise, family.split, family.seed, first, count)


def with_noise(tasks: Task, noise: float, *address: int | str) -> Task:
    """The same tasks with normal noise on every y.

    Args:
        tasks: of regression.
        noise: its standard deviation.
        address: of the random numbers, see ``tasks.seeds.generator``.
    """
    numbers = generator("noise", *address)
    return Task(
        *(Split(x, y + noise * torch.randn(y.shape, generator=numbers).to(y)) for x, y in tasks)
    )


def sinusoid_network(seed: int = 0) -> PriorFitted:
    """A prior-fitted network for sinusoids, untrained."""
    model = ContextTransformer(1, 1, 2, dim=48, layers=2, heads=4, hidden=96, scale=5.0, seed=seed)
    return PriorFitted(model, mapping="vmap")


def untrained(name: str, seed: int, inner_lr: float) -> Learner:
    """One of the five learners; all but the context are those of chapter 08.

    Args:
        name: as in the figures' style.
        seed: of the weights.
        inner_lr: α, of those that take inner steps.
    """
    lab = MetaNetworkLab(MOST_POINTS, META_BATCH, 0, seed)
    base = MLP([1, 40, 40, 1], seed=seed)
    builders: dict[str, Callable[[], Learner]] = {
        "prior_fitted": lambda: sinusoid_network(seed),
        "neural_process": lab.neural_process,
        "hypernetwork": lambda: lab.hypernetwork(LowRankWeights, rank=2),
        "maml": lambda: lab.maml(inner_lr, inner_steps=5),
        "joint": lambda: JointPretraining(base, F.mse_loss, inner_lr=inner_lr, inner_steps=5),
    }
    return builders[name]()


def trained(name: str, seed: int, inner_lr: float, outer_lr: float, iterations: int) -> Learner:
    """A learner after its outer steps, in each of which all learners see the same points.

    Args:
        name: of the learner.
        seed: of weights, tasks and numbers of points.
        inner_lr: α.
        outer_lr: β of Adam at first; it falls to a twentieth.
        iterations: outer steps.

    Raises:
        NonFiniteLossError: the training diverged; MAML's goes on with weights that are NaN.
    """
    learner = untrained(name, seed, inner_lr)
    source = NoisySinusoids(Sinusoids(MOST_POINTS, 10, "train", seed))
    batch = fewer_points(source, META_BATCH, seed)
    if isinstance(learner, MAML):
        _train_compiled(learner, batch, iterations, outer_lr)
    elif isinstance(learner, JointPretraining):
        train(learner, lambda i: merge_splits(batch(i)), iterations, outer_lr)
    else:
        train(learner, batch, iterations, outer_lr)
    return learner


@one_thread()
def _train_compiled(
    learner: MAML, batch: Callable[[int], Task], iterations: int, outer_lr: float
) -> None:
    """As ``train`` does, but compiled, once for each number of points, where that can be had."""
    optimizer = torch.optim.Adam(learner.parameters(), outer_lr)
    schedule = LinearLR(optimizer, 1.0, LAST_SHARE, iterations)
    outer_steps: dict[int, OuterStep] = {}
    for i in range(iterations):
        tasks = batch(i)
        points = tasks.support.x.shape[1]
        if points not in outer_steps:
            try:
                outer_steps[points] = OuterStep(learner, optimizer, compiled=True)
                outer_steps[points].prepare(tasks)
            except NotCompilable:
                outer_steps[points] = OuterStep(learner, optimizer)
        outer_steps[points].step(tasks)
        schedule.step()


def worlds(split: str, seed: int, count: int) -> dict[str, Task]:
    """New tasks inside the prior, and outside in three ways; K = 10, 50 questions each.

    Args:
        split: name of the stream.
        seed: of the tasks.
        count: of tasks in each world.
    """
    family = Sinusoids(MOST_POINTS, 50, split, seed)
    tasks = family.batch(0, count)
    far = (tasks.query.x + 15) / 2  # [−5, 5] becomes [5, 10]
    made = {
        "inside": tasks,
        "phases π to 2π": sinusoids_between((0.1, 5.0), (math.pi, 2 * math.pi), count, seed=seed),
        "amplitudes 5 to 10": sinusoids_between((5.0, 10.0), (0.0, math.pi), count, seed=seed),
        "x from 5 to 10": Task(tasks.support, points_of(family.curves(0, count), far)),
    }
    return {name: with_noise(task, NOISE, name, split, seed) for name, task in made.items()}


def mean_errors(learner: Learner, tasks: Task, most_steps: int) -> Tensor:
    """Mean squared error by number of points 1, …, 10 and of inner steps 0, …, ``[10, steps + 1]``.

    It is NaN or infinite where an adaptation diverges.
    """
    supports = [first_points(tasks, k) for k in range(1, MOST_POINTS + 1)]
    return torch.stack([errors_along(learner, each, most_steps).mean(0) for each in supports])


def exact_bands(tasks: Task) -> dict[str, tuple[Tensor, Tensor]]:
    """Means and standard deviations of Bayes' rule, and of the Gaussian process of chapter 08.

    Returns:
        Both as ``[tasks, n]``, by name.
    """
    x, y, at = (part[..., 0] for part in (*tasks.support, tasks.query.x))
    gaussian = [posterior(*each, NOISE) for each in zip(x, y, at, strict=True)]
    means, widths = (torch.stack(part) for part in zip(*gaussian, strict=True))
    exact = sinusoid_posterior(x, y, at, NOISE)
    return {"exact posterior": exact, "Gaussian process": (means, widths)}


def judged_rows(learner: Learner, steps: int, tasks: Task) -> list[dict[str, float]]:
    """A row for each number of points from 1 to 10: its error, and how good its band is.

    Args:
        learner: trained.
        steps: inner steps.
        tasks: of one world.
    """
    rows = []
    for k, error in enumerate(mean_errors(learner, tasks, steps)[:, steps].tolist(), 1):
        said = first_points(tasks, k)
        band = (
            judged(bands(learner, said), said)
            if isinstance(learner, PriorFitted | NeuralProcess)
            else {}
        )
        rows.append({"K": k, **band, "error": error})
    return rows
