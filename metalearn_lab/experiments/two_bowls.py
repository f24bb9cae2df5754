"""Two quadratic tasks side by side: where four algorithms settle, and what is lost there."""

from __future__ import annotations

from enum import Enum
from math import isfinite
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.tasks.quadratics import Algorithm, centre_weights, stationary_point

_ZERO = 1e-9  # of the weights' own size: closer to zero is rounding


class Bowls(NamedTuple):
    """Two tasks L_i(θ) = a_i/2 · (θ − c_i)², the same on support and query, and the inner loop.

    Attributes:
        curvatures: a_1 and a_2, positive.
        centres: c_1 and c_2.
        inner_lr: α.
        inner_steps: k.
    """

    curvatures: tuple[float, float]
    centres: tuple[float, float]
    inner_lr: float
    inner_steps: int


class Ending(Enum):
    """What becomes of θ under the outer steps of an algorithm, each small enough."""

    SETTLES = "settles"
    FLEES = "flees"
    """The weights sum to less than zero: θ moves away from the point, faster and faster."""
    DRIFTS = "drifts"
    """The weights cancel: θ is pushed the same way forever."""
    STAYS = "stays"
    """Both weights are zero: θ is never moved."""


class Settled(NamedTuple):
    """Where an algorithm settles.

    Attributes:
        weights: of the two centres.
        ending: whether it does settle.
        point: the stationary θ; None where there is none or all are.
    """

    weights: tuple[float, float]
    ending: Ending
    point: float | None


def settled(algorithm: Algorithm, bowls: Bowls) -> Settled:
    """Where an algorithm settles between two bowls.

    Args:
        algorithm: one of the four.
        bowls: the tasks and the inner loop.

    Raises:
        ValueError: an unknown algorithm, a curvature that is not positive, or numbers so large
            that the weights of the centres are not finite.
    """
    loop = {"inner_lr": bowls.inner_lr, "inner_steps": bowls.inner_steps}
    first, second = centre_weights(algorithm, bowls.curvatures, **loop)  # type: ignore[arg-type]
    if not isfinite(first + second):
        raise ValueError(f"with {bowls} the inner loop leaves the numbers: lower α or k")
    weights, size = (first, second), abs(first) + abs(second)
    if size < _ZERO:
        return Settled(weights, Ending.STAYS, None)
    if abs(first + second) < _ZERO * size:
        return Settled(weights, Ending.DRIFTS, None)
    point = stationary_point(algorithm, bowls.curvatures, bowls.centres, **loop)  # type: ignore[arg-type]
    ending = Ending.SETTLES if first + second > 0 else Ending.FLEES
    return Settled(weights, ending, point)


def losses_along(bowls: Bowls, theta: Tensor, steps: int) -> Tensor:
    """L_i(θ_steps) = a_i/2 · (1 − αa_i)^{2·steps} (θ − c_i)² for many starts θ.

    Args:
        bowls: the tasks and α.
        theta: starts, ``[points]``.
        steps: inner steps taken from each start.

    Returns:
        ``[2, points]``.
    """
    a = torch.tensor(bowls.curvatures, dtype=theta.dtype)[:, None]
    c = torch.tensor(bowls.centres, dtype=theta.dtype)[:, None]
    return a / 2 * (1 - bowls.inner_lr * a) ** (2 * steps) * (theta - c) ** 2


def bowl_path(bowls: Bowls, theta: float) -> Tensor:
    """θ_j = c_i + (1 − αa_i)^j (θ − c_i): where the inner steps of each bowl take a start θ.

    Args:
        bowls: the tasks, α and k.
        theta: the start.

    Returns:
        ``[2, k + 1]`` in float64, θ itself first.
    """
    a, c = (torch.tensor(row, dtype=torch.float64)[:, None] for row in bowls[:2])
    return c + (1 - bowls.inner_lr * a) ** torch.arange(bowls.inner_steps + 1) * (theta - c)
