"""Hypernetworks, a neural process and MAML on sinusoids: the same base, tasks and updates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.lr_scheduler import LinearLR

from metalearn_lab.experiments.learned_rates import batches_of
from metalearn_lab.learners.hypernetwork import Hypernetwork
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.neural_process import NeuralProcess
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.set_encoder import SetEncoder
from metalearn_lab.models.weight_generators import WeightGenerator
from metalearn_lab.tasks.placement import points_of
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train

if TYPE_CHECKING:
    from pandas import DataFrame

AnyLearner = TypeVar("AnyLearner", bound=Learner)
_LAST_SHARE = 0.05  # of β, at the end of a training
_TRIALS = Path(__file__).with_name("meta_network_trials.csv")


@dataclass(frozen=True)
class MetaNetworkLab:
    """What all trainings share.

    Attributes:
        shots: K support points and as many query points of a training task.
        meta_batch: tasks in each outer step.
        iterations: outer steps.
        seed: of the weights and the tasks.
        device: where networks and tasks are.
    """

    shots: int
    meta_batch: int
    iterations: int
    seed: int
    device: torch.device | str = "cpu"

    def hypernetwork(
        self, generate: Callable[..., WeightGenerator], embedding: int = 64, **settings: int
    ) -> Hypernetwork:
        """For a network of two hidden layers of 40 units.

        Args:
            generate: a class of generators.
            embedding: numbers in z.
            settings: further ones of the generator.
        """
        base = MLP([1, 40, 40, 1], seed=self.seed)
        made = generate(base, [embedding, 64], seed=self.seed, **settings)
        encoder = SetEncoder([2, 64, 64, embedding], seed=self.seed)
        learner = Hypernetwork(base, F.mse_loss, encoder=encoder, generator=made)
        return learner.to(self.device)

    def neural_process(self, embedding: int = 64) -> NeuralProcess:
        """With an encoder of the same size."""
        decoder = MLP([1 + embedding, 64, 64, 2], seed=self.seed)
        encoder = SetEncoder([2, 64, 64, embedding], seed=self.seed)
        return NeuralProcess(decoder, encoder=encoder).to(self.device)

    def maml(self, inner_lr: float, inner_steps: int) -> MAML:
        """Of the same network as the hypernetworks' base."""
        base = MLP([1, 40, 40, 1], seed=self.seed)
        learner = MAML(base, F.mse_loss, inner_lr=inner_lr, inner_steps=inner_steps)
        return learner.to(self.device)

    def train(self, learner: AnyLearner, outer_lr: float) -> AnyLearner:
        """Train in place by Adam, whose step size falls linearly to a twentieth of β.

        Args:
            learner: of this lab.
            outer_lr: β at first.
        """
        family = Sinusoids(self.shots, self.shots, "train", self.seed)
        optimizer = torch.optim.Adam(learner.parameters(), outer_lr)
        meta_train(
            learner,
            batches_of(family, self.meta_batch, self.device),
            iterations=self.iterations,
            optimizer=optimizer,
            scheduler=LinearLR(optimizer, 1.0, _LAST_SHARE, self.iterations),
            progress=False,
        )
        return learner

    def train_on_two_losses(
        self,
        learner: Learner,
        task_weight: float,
        meta_weight: float,
        updates: int,
        *,
        queries: int | None = None,
        outer_lr: float = 0.003,
    ) -> Learner:
        """Train in place on a L_task + b L_meta, by Adam with a constant step size.

        Args:
            learner: a hypernetwork; L_task is the loss of its weights on the support points that
                they were generated from, L_meta that on the query points.
            task_weight: a.
            meta_weight: b.
            updates: outer steps.
            queries: query points of a task, as many as support points when not given.
            outer_lr: β.
        """
        family = Sinusoids(self.shots, queries or self.shots, "train", self.seed)
        batch = batches_of(family, self.meta_batch, self.device)
        optimizer = torch.optim.Adam(learner.parameters(), outer_lr)
        for i in range(updates):
            tasks = batch(i)
            judged = ((task_weight, tasks.support), (meta_weight, tasks.query))
            losses = [w * learner(Task(tasks.support, split)) for w, split in judged if w]
            optimizer.zero_grad()
            torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        return learner


def sinusoids_between(
    amplitudes: tuple[float, float],
    phases: tuple[float, float],
    count: int,
    *,
    shots: int = 10,
    queries: int = 50,
    seed: int = 0,
) -> Task:
    """Sinusoids whose amplitude and phase are uniform in ranges of one's own, x in [−5, 5].

    Args:
        amplitudes: least and largest A.
        phases: least and largest p, in radians.
        count: of tasks.
        shots: K, support points.
        queries: query points.
        seed: of the tasks.
    """
    numbers = generator("sinusoids between", seed)
    a, p = torch.rand(2, count, generator=numbers)
    curve = (
        amplitudes[0] + (amplitudes[1] - amplitudes[0]) * a,
        phases[0] + (phases[1] - phases[0]) * p,
    )
    x = 10 * torch.rand(count, shots + queries, 1, generator=numbers) - 5
    return Task(*(points_of(curve, part) for part in (x[:, :shots], x[:, shots:])))


def errors_along(learner: Learner, tasks: Task, steps: int) -> Tensor:
    """Mean squared error on the query after 0, …, steps inner steps, ``[tasks, steps + 1]``.

    Of a neural process, that of its mean.
    """
    outputs = predict_along(learner, tasks, steps)[..., 0]
    return ((outputs - tasks.query.y[:, None, :, 0]) ** 2).mean(2).cpu()


def embeddings(learner: Hypernetwork, support: Split) -> Tensor:
    """Z of each task, ``[tasks, embedding]``."""
    with torch.no_grad():
        return torch.func.vmap(learner.embedding)(support).cpu()


def best_trials() -> DataFrame:
    """For each method its best trial, as ``benchmarks/meta_networks.py`` saved them.

    Returns:
        A row for each method: number of trials, β of the best, and the mean squared error on
        validation tasks of the best and of the worst.
    """
    import pandas as pd

    trials = pd.read_csv(_TRIALS)
    by_method = trials.groupby("method", sort=False)
    best = trials.loc[by_method.error.idxmin()].set_index("method")
    return pd.DataFrame(
        {
            "trials": by_method.size(),
            "best β": best.outer_lr,
            "error of the best": best.error.round(3),
            "of the worst": by_method.error.max().round(3),
        }
    ).loc[best.index]


def error_table(errors: Mapping[str, Tensor], learners: Mapping[str, Learner]) -> DataFrame:
    """A row for each name: numbers emitted, where weights are, mean and median error.

    Args:
        errors: ``[tasks]`` by name.
        learners: by name, of those that are trained.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            name: {
                "numbers emitted": _emitted(learners.get(name)),
                "mean error": f"{error.mean():.3f}",
                "median error": f"{error.median():.3f}",
            }
            for name, error in errors.items()
        }
    ).T


def _emitted(learner: Learner | None) -> str:
    return f"{learner.generator.emitted:,}" if isinstance(learner, Hypernetwork) else "–"


def without_diverged(errors: Tensor, most: float = 1e3) -> str:
    """The mean of the errors below a bound, in words, with how many are not.

    Args:
        errors: of tasks, ``[tasks]``.
        most: an error from here on, or one that is no number, counts as diverged.
    """
    good = errors[errors < most]
    lost = len(errors) - len(good)
    return f"{good.mean():.2f}" + (f" ({lost} diverged)" if lost else "")
