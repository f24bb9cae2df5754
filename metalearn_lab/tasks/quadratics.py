"""Quadratic tasks on one weight, whose answers are known in closed form.

Task i has the loss L_i(θ) = a_i/2 · (θ − c_i)², the same on support and query. One item with input
√a and target √a·c gives it under ``half_squared_error`` and the one-weight model ``Weight``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite
from typing import Literal, TypeVar, get_args

import torch
from torch import Tensor, nn

from metalearn_lab.tasks.types import Split, Task

_Number = TypeVar("_Number", float, Tensor)
Algorithm = Literal["joint", "maml", "first_order_maml", "reptile"]


class Weight(nn.Module):
    """The model f(x) = θ·x with one weight.

    Args:
        start: θ at the start.
    """

    def __init__(self, start: float = 0.0) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(float(start)))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[items, 1]`` to ``[items, 1]``."""
        return self.theta * x


def half_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """½ (output − target)², mean over items and outputs."""
    return ((output - target) ** 2).mean() / 2


def quadratic_tasks(curvatures: Sequence[float], centres: Sequence[float]) -> Task:
    """A batch of quadratic tasks, one per curvature and centre.

    Args:
        curvatures: a_i, positive.
        centres: c_i, as many.

    Returns:
        ``x`` and ``y`` are ``[tasks, 1, 1]``, the same on support and query.

    Raises:
        ValueError: different lengths, none, a curvature that is not positive, or a centre that is
            not finite.
    """
    _check(curvatures, centres)
    root = torch.tensor(list(curvatures), dtype=torch.get_default_dtype()).sqrt()[:, None, None]
    centre = torch.tensor(list(centres), dtype=root.dtype)[:, None, None]
    split = Split(root, root * centre)
    return Task(split, split)


def stationary_point(
    algorithm: Algorithm,
    curvatures: Sequence[float],
    centres: Sequence[float],
    *,
    inner_lr: float,
    inner_steps: int,
) -> float:
    """Where an algorithm settles on quadratic tasks: the mean of the centres by their weights.

    Args:
        algorithm: one of the four.
        curvatures: a_i.
        centres: c_i.
        inner_lr: α.
        inner_steps: k.

    Raises:
        ValueError: an unknown algorithm, wrong tasks, or weights that sum to zero (no such point).
    """
    _check(curvatures, centres)
    weights = centre_weights(algorithm, curvatures, inner_lr=inner_lr, inner_steps=inner_steps)
    if sum(weights) == 0:
        raise ValueError("the weights of the centres sum to zero: every point is stationary")
    return sum(w * c for w, c in zip(weights, centres, strict=True)) / sum(weights)


def centre_weights(
    algorithm: Algorithm, curvatures: Sequence[float], *, inner_lr: float, inner_steps: int
) -> list[float]:
    """How strongly an algorithm is drawn to the centre of each quadratic task.

    Its outer step moves θ along −Σ_i w_i (θ − c_i), with w = a for pretraining, a(1 − αa)^{2k}
    for MAML, a(1 − αa)^k for first-order MAML and 1 − (1 − αa)^k for Reptile. The last two are
    negative for some αa > 1: such a centre is fled.

    Args:
        algorithm: one of the four.
        curvatures: a_i.
        inner_lr: α.
        inner_steps: k.

    Raises:
        ValueError: an unknown algorithm.
    """
    if algorithm not in get_args(Algorithm):
        raise ValueError(
            f"unknown algorithm {algorithm!r}: use one of {', '.join(get_args(Algorithm))}"
        )
    return [centre_weight(algorithm, a, 1 - inner_lr * a, inner_steps) for a in curvatures]


def centre_weight(algorithm: Algorithm, curvature: _Number, shrink: _Number, k: int) -> _Number:
    """Weight of a centre by the formulas of ``centre_weights``.

    Args:
        algorithm: one of the four.
        curvature: a, a number or a tensor of any shape.
        shrink: 1 − αa, by which one inner step shortens the distance to the centre.
        k: inner steps.
    """
    match algorithm:
        case "joint":
            return curvature
        case "maml":
            return curvature * shrink ** (2 * k)
        case "first_order_maml":
            return curvature * shrink**k
        case "reptile":
            return 1 - shrink**k


def _check(curvatures: Sequence[float], centres: Sequence[float]) -> None:
    if len(curvatures) != len(centres) or not curvatures:
        raise ValueError(
            f"give as many centres as curvatures, at least one: got {len(curvatures)} curvatures "
            f"and {len(centres)} centres"
        )
    for curvature, centre in zip(curvatures, centres, strict=True):
        if not (0 < curvature < inf and isfinite(centre)):
            raise ValueError(
                f"curvatures must be positive and centres finite, got {curvature} and {centre}"
            )
