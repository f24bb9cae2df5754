"""What noisy points say about a sinusoid of chapter 00's prior: Bayes' rule on a fine grid."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

_AMPLITUDES, _PHASES = 120, 500
"""Places of the grid, in the middle of equal cells."""


def sinusoid_posterior(x: Tensor, y: Tensor, at: Tensor, noise: float) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of y = A sin(x − p) + noise, given points.

    The prior is A ∈ U[0.1, 5] and p ∈ U[0, π]. All pairs of a grid are weighted by their
    likelihood, with RSS = Σ y² − 2A Σ y sin(x − p) + A² Σ sin²(x − p).

    Args:
        x: inputs of the points, ``[..., K]``; K may be 0.
        y: targets, ``[..., K]``.
        at: where to predict, ``[..., n]``.
        noise: σ, of every point and of what is predicted; 0.1 or more, or the grid is too coarse.

    Returns:
        Two tensors ``[..., n]``, in float64.

    Raises:
        ValueError: a noise below 0.1.
    """
    if not noise >= 0.1:
        raise ValueError(f"noise must be 0.1 or more for this grid, got {noise}")
    amplitude, phase = (values.to(x.device) for values in _grid())
    x, y, at = x.double(), y.double(), at.double()
    sines = torch.sin(x[..., None] - phase)  # [..., K, phases]
    along, size = (y[..., None] * sines).sum(-2), (sines**2).sum(-2)
    misfit = (
        amplitude[:, None] ** 2 * size[..., None, :] - 2 * amplitude[:, None] * along[..., None, :]
    )
    likely = (-misfit / (2 * noise**2)).flatten(-2).softmax(-1).view(misfit.shape)
    curves = torch.sin(at[..., None] - phase)  # [..., n, phases]
    first, second = (amplitude**power @ likely for power in (1, 2))
    mean = (curves @ first[..., None])[..., 0]
    square = (curves**2 @ second[..., None])[..., 0]
    return mean, ((square - mean**2).clamp_min(0) + noise**2).sqrt()


@lru_cache(maxsize=1)
def _grid() -> tuple[Tensor, Tensor]:
    """Amplitudes and phases, float64."""
    cells = (torch.arange(n, dtype=torch.float64).add(0.5) / n for n in (_AMPLITUDES, _PHASES))
    amplitude, phase = cells
    return 0.1 + 4.9 * amplitude, math.pi * phase
