"""Any learner trained on sinusoids from the same weights and data, and what the training took."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adapted_loss
from metalearn_lab.experiments.extra_memory import step_bytes
from metalearn_lab.learners.learner import Learner
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Task, to_device
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.non_finite import NonFiniteLossError

Kind = Callable[..., Learner]
"""A class of learners, or one with some of its settings given: takes a model, a loss and more."""


class Trained(NamedTuple):
    """A training's end.

    Attributes:
        learner: with the weights it ended with.
        milliseconds: of an outer step, over the second half of the training, when everything is
            compiled.
        diverged: whether it stopped at a loss that is not finite.
    """

    learner: Learner
    milliseconds: float
    diverged: bool

    def error(self, tasks: Task) -> float:
        """Mean query loss after adapting to tasks; infinite where training or adapting diverges."""
        loss = math.inf if self.diverged else adapted_loss(self.learner, tasks)
        return loss if math.isfinite(loss) else math.inf


@dataclass(frozen=True)
class SinusoidLab:
    """What all trainings share.

    Attributes:
        shots: K support points and as many query points of a training task.
        meta_batch: tasks in each outer step.
        inner_steps: k.
        outer_lr: β, of the outer Adam.
        seed: of the weights and the tasks.
        device: where networks and tasks are.
    """

    shots: int
    meta_batch: int
    inner_steps: int
    outer_lr: float
    seed: int
    device: torch.device | str = "cpu"

    @property
    def family(self) -> Sinusoids:
        """The training tasks."""
        return Sinusoids(self.shots, self.shots, "train", self.seed)

    def train(self, kind: Kind, inner_lr: float, steps: int) -> Trained:
        """Train a fresh network.

        Args:
            kind: of learner.
            inner_lr: α.
            steps: outer steps.
        """
        network = MLP([1, 40, 40, 1], seed=self.seed).to(self.device)
        learner = kind(network, F.mse_loss, inner_lr=inner_lr, inner_steps=self.inner_steps)
        started: dict[int, float] = {}

        def tasks(i: int) -> Task:
            started[i] = time.perf_counter()
            batch = learner.training_batch(self.family, i * self.meta_batch, self.meta_batch)
            return to_device(batch, self.device)

        optimizer = torch.optim.Adam(learner.parameters(), self.outer_lr)
        try:
            meta_train(learner, tasks, iterations=steps, optimizer=optimizer, progress=False)
        except NonFiniteLossError:
            return Trained(learner, math.nan, diverged=True)
        spent = time.perf_counter() - started[steps // 2]
        return Trained(learner, 1000 * spent / (steps - steps // 2), diverged=False)

    def adapting(
        self, trained: Trained, kind: Kind, inner_lr: float, inner_steps: int | None = None
    ) -> Trained:
        """The same trained network, adapted in another way; nothing is trained.

        Args:
            trained: its network is shared.
            kind: of learner that it becomes.
            inner_lr: α.
            inner_steps: of its adaptation, the lab's own number when not given.
        """
        steps = self.inner_steps if inner_steps is None else inner_steps
        network = trained.learner.model
        learner = kind(network, F.mse_loss, inner_lr=inner_lr, inner_steps=steps)
        return trained._replace(learner=learner)

    def peak_bytes(self, learner: Learner) -> int:
        """Memory at the peak of one outer step on one task, in plain autograd."""
        task = to_device(learner.training_batch(self.family, 0, 1), self.device)
        return step_bytes(learner, task)
