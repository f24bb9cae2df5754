"""MAML's outer loop with one mistake in it that raises no error, and a check that finds some."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.running.per_task import Weights
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

NO_GRAPH = "create_graph=True is missing"
NOT_USED = "the query loss is taken at θ, not at θ₁"
IN_PLACE = "the inner step changes θ itself"
MISTAKES = (NO_GRAPH, NOT_USED, IN_PLACE)


class NoGraph(MAML):
    """The inner gradient is a plain number: create_graph=True is missing."""

    def gradient(self, theta: Weights, split: Split) -> Weights:
        """∇L(θ) on a split, cut off from θ."""
        return {name: g.detach() for name, g in super().gradient(theta, split).items()}


class LossAtTheta(MAML):
    """Takes the inner steps, then forgets them."""

    def meta_loss(self, task: Task) -> Tensor:
        """L_Q(θ) where L_Q(θ_k) is meant."""
        self.inner_loop(self.weights(), task.support, self.inner_steps)
        return self.loss_at(self.weights(), task.query)


class QueryIsSupport(MAML):
    """Judges each task on the points that it has just adapted to."""

    def meta_loss(self, task: Task) -> Tensor:
        """L_S(θ_k) where L_Q(θ_k) is meant."""
        return super().meta_loss(Task(task.support, task.support))


class OuterStep(NamedTuple):
    """What a program does in one outer step.

    Attributes:
        slope: the number that it takes for the slope of the meta-loss.
        start: θ as the inner loops leave it; a program without a mistake leaves it alone.
    """

    slope: float
    start: float


def outer_step(bowls: Bowls, theta: float, mistake: str | None = None) -> OuterStep:
    """The meta-gradient over both bowls after one inner step, as a program computes it.

    Args:
        bowls: the tasks and α; their number of inner steps is not looked at.
        theta: the start.
        mistake: one of ``MISTAKES``; None for the right program.
    """
    start = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    slope = 0.0
    for a, c in zip(bowls.curvatures, bowls.centres, strict=True):
        [g] = torch.autograd.grad(_bowl(start, a, c), start, create_graph=mistake != NO_GRAPH)
        if mistake == IN_PLACE:
            start.data -= bowls.inner_lr * g
            theta_1 = start
        else:
            theta_1 = start - bowls.inner_lr * g
        used = start if mistake == NOT_USED else theta_1
        [of_task] = torch.autograd.grad(_bowl(used, a, c), start)
        slope += of_task.item() / len(bowls.curvatures)
    return OuterStep(slope, start.item())


def outer_path(
    bowls: Bowls, theta: float, outer_lr: float, steps: int, mistake: str | None = None
) -> list[float]:
    """θ after 0, …, steps outer steps of plain gradient descent.

    Args:
        bowls: as above.
        theta: the start.
        outer_lr: β.
        steps: how many.
        mistake: as above.
    """
    path = [theta]
    for _ in range(steps):
        slope, start = outer_step(bowls, path[-1], mistake)
        path.append(start - outer_lr * slope)
    return path


def slope_error(learner: Learner, tasks: Task, seed: int = 0, h: float = 1e-5) -> float:
    """Relative error of d·∇L against (L(θ + hd) − L(θ − hd)) / 2h for a random direction d.

    Args:
        learner: with θ, in float64; its weights are put back.
        tasks: a small batch, in float64.
        seed: of the direction.
        h: of the difference.
    """
    weights = list(learner.parameters())
    gradient = torch.autograd.grad(learner(tasks), weights)
    theta = parameters_to_vector(weights).detach().clone()
    d = torch.randn(theta.shape, generator=generator("direction", seed), dtype=theta.dtype)
    losses = []
    with torch.no_grad():
        for step in (h, -h, 0.0):
            vector_to_parameters(theta + step * d, weights)
            losses.append(learner(tasks).item())
    slope = (losses[0] - losses[1]) / (2 * h)
    claimed = float(d @ parameters_to_vector(gradient))
    return float(abs(claimed - slope) / abs(slope))


def _bowl(theta: Tensor, a: float, c: float) -> Tensor:
    return a / 2 * (theta - c) ** 2
