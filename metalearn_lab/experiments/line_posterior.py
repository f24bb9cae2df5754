"""What noisy points say about a line with a normal prior: Bayes' rule, exactly."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.tasks.types import Split


def line_posterior(support: Split, at: Tensor, noise: float) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of y = b + w x + noise for b, w ~ N(0, 1), given points.

    With φ(x) = (1, x) and the points' φ as the rows of Φ, the precision is I + ΦᵀΦ/σ². The mean
    is that of ridge regression with λ = σ².

    Args:
        support: points, ``x`` and ``y`` ``[..., K, 1]``; K may be 0.
        at: where to predict, ``[..., n, 1]``.
        noise: σ, of every point and of what is predicted.

    Returns:
        Two tensors ``[..., n]``, in float64.

    Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, equations 2.8
    and 2.9.
    """
    rows, target, asked = _features(support.x), support.y.double(), _features(at)
    precision = torch.eye(2, dtype=torch.float64, device=at.device) + rows.mT @ rows / noise**2
    line = torch.linalg.solve(precision, rows.mT @ target / noise**2)
    spread = (asked * torch.linalg.solve(precision, asked.mT).mT).sum(-1)
    return (asked @ line)[..., 0], (spread + noise**2).sqrt()


def _features(x: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(x), x], -1).double()
