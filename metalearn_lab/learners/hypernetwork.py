"""A hypernetwork: one network reads the support set and gives the weights of another."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.line import Line
from metalearn_lab.running.per_task import Loss, Trajectory
from metalearn_lab.running.task_axis import has_task_axis, outputs_of_each
from metalearn_lab.tasks.types import Split, Task


class Hypernetwork(GradientLearner):
    """θ_0 = g(θ, z) with z the embedding of the support; minimise L_Q(θ_0) in θ, g and encoder.

    No gradient of a task's own loss is needed. After θ_0 there may be k inner steps all the same,
    θ_{j+1} = θ_j − α ∇L_S(θ_j): in training by ``inner_steps``, or at test time alone by
    ``adapt(support, steps)``.

    Args:
        model: whose weights are generated; its parameters are θ, what all tasks share.
        loss: of outputs and targets, a mean over items.
        encoder: maps the support's x and y, each ``[K, ...]``, to z, such as
            ``models.set_encoder.SetEncoder``.
        generator: maps θ and z to weights by the model's names, such as
            ``models.weight_generators.FullWeights``.
        inner_lr: α of steps after θ_0.
        inner_steps: k of them in training.
        settings: the other arguments of ``GradientLearner`` but ``low_rank``: the encoder reads
            the support as it is.

    Source: Ha, Dai and Le, "HyperNetworks", ICLR 2017, section 3, with a support set for the
    embedding of a layer.
    """

    title = "hypernetwork"
    line = Line("#c030b4", (0, (1, 2, 1, 1)), "v")
    differentiates_twice = True
    low_rank_pays = False
    one_rate = True

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        encoder: nn.Module,
        generator: nn.Module,
        inner_lr: float = 0.01,
        inner_steps: int = 0,
        **settings: Any,
    ) -> None:
        super().__init__(
            model, loss, inner_lr=inner_lr, inner_steps=inner_steps, low_rank=False, **settings
        )
        self.encoder = encoder
        self.generator = generator

    def embedding(self, support: Split) -> Tensor:
        """Z of one task."""
        z: Tensor = self.encoder(support.x, support.y)
        return z

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ_0 as generated, and what inner steps make of it."""
        theta = self.generator(self.weights(), self.embedding(support))
        return self.inner_loop(theta, support, steps)

    def meta_loss(self, task: Task) -> Tensor:
        """L_Q(θ_k), L_Q(θ_0) where there are no inner steps."""
        return self.loss_at(self.trajectory(task.support, self.inner_steps)[-1], task.query)

    def losses_at_once(self, tasks: Task) -> Tensor | None:
        """L_Q(θ_0) of each task, for an ``MLP`` whose weights this package's parts generate."""
        parts = self.model, self.encoder, self.generator
        if type(self) is not Hypernetwork or self.inner_steps or not has_task_axis(*parts):
            return None
        theta = self.generator(self.weights(), self.embedding(tasks.support))
        outputs = outputs_of_each(self.model, theta, tasks.query.x)
        if self.loss is F.mse_loss:
            return ((outputs - tasks.query.y) ** 2).mean((1, 2))
        return torch.func.vmap(self.loss_of)(outputs, tasks.query.y)
