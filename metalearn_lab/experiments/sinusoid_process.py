"""The Gaussian process with the mean and the covariance of the family of sinusoids, in closed form.

y = A sin(x − p) = u sin x + v cos x with u = A cos p, v = −A sin p. Over A ∈ U[0.1, 5] and
p ∈ U[0, π], u and v are uncorrelated, so

    E[y(x)] = E[v] cos x,   cov(y(x), y(x')) = var(u) sin x sin x' + var(v) cos x cos x'.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from metalearn_lab.learners.neural_process import NeuralProcess
from metalearn_lab.tasks.types import Task

_LOW, _HIGH = 0.1, 5.0
_SQUARE = (_HIGH**3 - _LOW**3) / (3 * (_HIGH - _LOW))  # E[A²]
MEAN = -(_LOW + _HIGH) / math.pi
"""E[v] = −E[A] · 2/π; E[u] = 0."""
VARIANCES = (_SQUARE / 2, _SQUARE / 2 - MEAN**2)
"""Of u and v: E[cos² p] = E[sin² p] = 1/2."""


def covariance(first: Tensor, second: Tensor) -> Tensor:
    """cov(y(x), y(x')) ``[n, m]`` for inputs x ``[n]`` and x' ``[m]``."""
    sines = torch.outer(first.sin(), second.sin())
    return VARIANCES[0] * sines + VARIANCES[1] * torch.outer(first.cos(), second.cos())


def posterior(x: Tensor, y: Tensor, at: Tensor, noise: float) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of y(x) + noise at some inputs, given points.

    Args:
        x: inputs of the points, ``[K]``; K may be 0.
        y: targets, ``[K]``.
        at: where to predict, ``[n]``.
        noise: standard deviation of the noise on every point, and on what is predicted.

    Returns:
        Two tensors ``[n]``, in float64.

    Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, equations
    2.25, 2.26 and 2.38.
    """
    x, y, at = x.double(), y.double(), at.double()
    across = covariance(at, x)
    gram = covariance(x, x) + noise**2 * torch.eye(len(x), dtype=torch.float64, device=x.device)
    mean = MEAN * at.cos() + across @ torch.linalg.solve(gram, y - MEAN * x.cos())
    explained = (across * torch.linalg.solve(gram, across.T).T).sum(1)
    prior = covariance(at, at).diagonal() + noise**2
    return mean, (prior - explained).clamp_min(noise**2).sqrt()


def process_errors(tasks: Task, noise: float) -> Tensor:
    """Mean squared error of the posterior mean on each task's query, ``[tasks]``."""
    errors = []
    for x, y, at, target in zip(*tasks.support, *tasks.query, strict=True):
        mean, _ = posterior(x[:, 0], y[:, 0], at[:, 0], noise)
        errors.append(((mean - target[:, 0]) ** 2).mean())
    return torch.stack(errors).cpu()


def share_in_band(learner: NeuralProcess, tasks: Task) -> float:
    """Which share of all query points lies within 1.96 σ of the learner's mean."""
    outputs = learner.predict(learner.adapt(tasks.support, 0)[0], tasks.query.x)
    apart = (outputs[..., 0] - tasks.query.y[..., 0]).abs()
    return (apart < 1.96 * outputs[..., 1]).float().mean().item()
