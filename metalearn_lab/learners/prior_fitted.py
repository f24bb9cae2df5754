"""A prior-fitted network: the support is the context of a Transformer, and is never trained on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.neural_process import LEAST_WIDTH, normal_loss, surprise
from metalearn_lab.running.per_task import Trajectory, Weights
from metalearn_lab.tasks.types import Split, Task

KNOWN_X, KNOWN_Y = "known_x", "known_y"
"""Under which names ``adapt`` gives the context, beside the weights θ."""


class PriorFitted(Learner):
    """Adaptation is to remember the support; each query then reads it by attention.

        minimise −log q_θ(y | x, support) over tasks drawn from a prior.

    The minimum over all q is the posterior predictive of this prior; what q_θ lacks is the
    expected Kullback-Leibler divergence from it.

    Args:
        model: maps known x, known y and x, each ``[tasks, items, ...]``, to outputs, such as
            ``models.context_transformer.ContextTransformer``: two, for μ and σ as in
            ``NeuralProcess``, or one for each class.
        classes: 0 for a target that is one number, else how many classes there are.
        settings: the other arguments of ``Learner`` but the loss.

    Source: Müller et al., "Transformers Can Do Bayesian Inference", ICLR 2022, equation 2.
    """

    title = "prior-fitted network"
    line = Line("#a81878", (0, (1, 4, 5, 1)), "*")

    def __init__(self, model: nn.Module, *, classes: int = 0, **settings: Any) -> None:
        super().__init__(model, F.cross_entropy if classes else normal_loss, **settings)
        self.classes = classes
        self.check_added([KNOWN_X, KNOWN_Y])

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ with the support, which is there at once."""
        y = F.one_hot(support.y, self.classes) if self.classes else support.y
        adapted = {**self.weights(), KNOWN_X: support.x, KNOWN_Y: y.to(support.x.dtype)}
        return [adapted] * (steps + 1)

    def meta_loss(self, task: Task) -> Tensor:
        """The mean negative log-likelihood of the query, in nats."""
        return self.loss_at(self.trajectory(task.support, 0)[-1], task.query)

    def losses_at_once(self, tasks: Task) -> Tensor | None:
        """The same of each task where y is a number: the model takes many tasks as it is."""
        if type(self) is not PriorFitted or self.loss is not normal_loss:
            return None
        outputs = _with_width(self.model(*tasks.support, tasks.query.x))
        return surprise(outputs, tasks.query.y).mean((1, 2))

    def call(self, weights: Weights, x: Tensor) -> Tensor:
        """Of one task, μ and σ ``[items, 2]``, or a score for each class."""
        theta = dict(weights)
        known = theta.pop(KNOWN_X), theta.pop(KNOWN_Y)
        places = tuple(part[None] for part in (*known, x))
        outputs: Tensor = functional_call(self.model, theta, places)[0]
        return outputs if self.classes else _with_width(outputs)


def _with_width(outputs: Tensor) -> Tensor:
    """σ = 0.1 + 0.9 softplus of the second output in its place."""
    # PyTorch's softplus has its slope at 0 too, where the outputs of a new head are.
    width = LEAST_WIDTH + (1 - LEAST_WIDTH) * F.softplus(outputs[..., 1:])
    return torch.cat([outputs[..., :1], width], -1)
