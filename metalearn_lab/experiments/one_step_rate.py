"""One gradient step on random lines: its best rate in closed form, and the rate that is learned."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.models.linear_attention import LinearAttention
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.linear_tasks import LinearTasks
from metalearn_lab.tasks.types import Task, to_device


class BestStep(NamedTuple):
    """The rate at which one step leaves the least, and what it leaves.

    Attributes:
        inner_lr: α*.
        loss: mean of ½ (w·x − y)² on new points after that step.
        nothing: the same for predicting 0.
    """

    inner_lr: float
    loss: float
    nothing: float


def best_step(dim: int, shots: int, variance: float = 1.0, fourth: float = 3.0) -> BestStep:
    """For one step from 0 on ½ mean (w·x − y)², with w ~ N(0, I) and no noise.

        c = (m₄ + (d − 1) s⁴)/N + (N − 1)/N s⁴,   α* = s²/c,   loss = ½ s² d (1 − s⁴/c).

    Args:
        dim: d.
        shots: N.
        variance: s², of each of the d independent numbers of x, which have mean 0.
        fourth: m₄ = E[x⁴] of each; 3 s⁴ for a normal x, s⁴ · 9/5 for a uniform one.
    """
    square = variance**2
    c = (fourth + (dim - 1) * square) / shots + (shots - 1) / shots * square
    nothing = variance * dim / 2
    return BestStep(variance / c, nothing * (1 - square / c), nothing)


@one_thread()
def train_linear_attention(
    tasks: LinearTasks,
    iterations: int,
    *,
    layers: int = 1,
    meta_batch: int = 256,
    outer_lr: float = 0.01,
    device: torch.device | str = "cpu",
) -> LinearAttention:
    """A layer that learns from tasks alone, by Adam on ½ (answer − y)² of one question a task.

    Args:
        tasks: gives the support; the first query point is the question.
        iterations: outer steps.
        layers: L.
        meta_batch: tasks in each outer step.
        outer_lr: β at first; it falls linearly to a tenth.
        device: where it is trained.
    """
    model = LinearAttention(tasks.dim, layers, seed=tasks.seed).to(device)
    optimizer = torch.optim.Adam(model.parameters(), outer_lr)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, iterations)
    for i in range(iterations):
        loss = half_errors(model, to_device(tasks.batch(meta_batch * i, meta_batch), device)).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return model


def half_errors(model: LinearAttention, tasks: Task) -> Tensor:
    """½ (answer − y)² of each task's first query point, ``[tasks]``."""
    answers: Tensor = model(*tasks.support, tasks.query.x[:, 0])
    return ((answers - tasks.query.y[:, 0]) ** 2)[:, 0] / 2


def rate_matrix(model: LinearAttention) -> Tensor:
    """What one layer multiplies x_i·x_j with, ``[d, d]``: −V_yy A_xx, αI for a gradient step."""
    dim = model.value.shape[-1] - 1
    return (-model.value[0, dim, dim] * model.key_query[0, :dim, :dim]).detach()
