"""A conditional neural process: the support becomes an input, and the output has a width."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.line import Line
from metalearn_lab.running.per_task import Trajectory, Weights
from metalearn_lab.tasks.types import Split, Task

EMBEDDING = "embedding"
"""Under which name ``adapt`` gives z, beside the weights θ."""

LEAST_WIDTH = 0.1
"""σ is never below it."""


class NeuralProcess(Learner):
    """The support gives z; each query input by itself then has a mean and a standard deviation.

        (μ, s) = decoder(x, z),   σ = 0.1 + 0.9 softplus(s),   minimise −log N(y; μ, σ²).

    No weight is generated: z enters the decoder beside x. The query's points are predicted as if
    they were independent of each other, given the support.

    Args:
        model: the decoder, from x and z side by side, ``[items, inputs + embedding]``, to two
            outputs.
        encoder: maps the support's x and y, each ``[K, ...]``, to z.
        settings: the other arguments of ``Learner`` but the loss, which is ``normal_loss``.

    Source: Garnelo et al., "Conditional Neural Processes", ICML 2018, equations 1 to 4; the floor
    of σ is that of the authors' released notebook.
    """

    title = "conditional neural process"
    line = Line("#846c90", (0, (1, 5, 2, 9, 9, 1)), "8")

    def __init__(self, model: nn.Module, *, encoder: nn.Module, **settings: Any) -> None:
        super().__init__(model, normal_loss, **settings)
        self.encoder = encoder
        self.check_added([EMBEDDING])

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ with z, which is there at once."""
        adapted = {**self.weights(), EMBEDDING: self.encoder(support.x, support.y)}
        return [adapted] * (steps + 1)

    def meta_loss(self, task: Task) -> Tensor:
        """The mean negative log-likelihood of the query, in nats."""
        return self.loss_at(self.trajectory(task.support, 0)[-1], task.query)

    def call(self, weights: Weights, x: Tensor) -> Tensor:
        """μ and σ of one task, ``[items, 2]``."""
        theta = {name: weight for name, weight in weights.items() if name != EMBEDDING}
        z = weights[EMBEDDING].expand(len(x), -1)
        outputs = super().call(theta, torch.cat([x, z], -1))
        width = LEAST_WIDTH + (1 - LEAST_WIDTH) * _softplus(outputs[:, 1:])
        return torch.cat([outputs[:, :1], width], -1)


def normal_loss(outputs: Tensor, y: Tensor) -> Tensor:
    """−log N(y; μ, σ²), the mean over items, in nats.

    Args:
        outputs: μ and σ, ``[items, 2]``.
        y: ``[items, 1]``.
    """
    mean, width = outputs[:, :1], outputs[:, 1:]
    surprise = ((y - mean) / width) ** 2 / 2
    return (surprise + width.log() + math.log(2 * math.pi) / 2).mean()


def _softplus(s: Tensor) -> Tensor:
    """log(1 + eˢ), in operations that can be compiled."""
    size = s.relu() + (-s).relu()
    return s.relu() + (1 + (-size).exp()).log()
