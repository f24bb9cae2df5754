"""MAML's outer loop on two bowls with one mistake in it that raises no error."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.experiments.two_bowls import Bowls

NO_GRAPH = "create_graph=True is missing"
NOT_USED = "the query loss is taken at θ, not at θ₁"
IN_PLACE = "the inner step changes θ itself"
MISTAKES = (NO_GRAPH, NOT_USED, IN_PLACE)


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


def _bowl(theta: Tensor, a: float, c: float) -> Tensor:
    return a / 2 * (theta - c) ** 2
