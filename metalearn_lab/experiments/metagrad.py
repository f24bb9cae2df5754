"""MetaGrad on one weight: many step sizes learn at once, and a master weighs them by their past.

It is no meta-learning in the sense of this workbook: there is one task, and no inner loop that a
meta-parameter serves. "Meta" here says that one algorithm mixes others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class MetaGradRun(NamedTuple):
    """What the master played.

    Attributes:
        points: w_t, ``[T]``.
        gradients: g_t, ``[T]``.
        potential: Σ_i π_i exp(−Σ_t ℓ_i) after each round, ``[T]``; never above 1.
    """

    points: Tensor
    gradients: Tensor
    potential: Tensor


def metagrad(
    gradient: Callable[[int, float], float], rounds: int, *, radius: float = 1.0, most: float = 1.0
) -> MetaGradRun:
    """Play on the interval from −radius to radius.

    Expert i has the step size η_i = 2^{−i}/(5DG), with D = 2·radius, and learns by the surrogate
    loss ℓ_i(u) = −η_i(w − u)g + η_i²((w − u)g)². The master plays the experts' mean, weighted by
    η_i π_i exp(−Σ ℓ_i). Since exp(x − x²) ≤ 1 + x for x ≥ −½ and the weighted mean of the (w − w_i)
    is 0, the potential cannot grow, whatever the gradients are.

    Args:
        gradient: g_t of the round t = 0, 1, … and the point w_t, between −most and most.
        rounds: T.
        radius: of the interval.
        most: G.

    Raises:
        ValueError: a gradient out of its range.

    Source: van Erven and Koolen, "MetaGrad: Multiple Learning Rates in Online Learning", NeurIPS
    2016, algorithms 1 and 2.
    """
    diameter = 2 * radius
    last = math.ceil(math.log2(max(rounds, 1)) / 2)
    index = torch.arange(last + 1, dtype=torch.float64)
    rates = 2.0**-index / (5 * diameter * most)
    prior = (1 + 1 / (1 + last)) / ((index + 1) * (index + 2))
    experts, widths = torch.zeros_like(rates), torch.full_like(rates, diameter**2)
    totals = torch.zeros_like(rates)
    played, seen, potential = [], [], []
    for t in range(rounds):
        weights = rates * prior * (totals.min() - totals).exp()
        w = (weights @ experts / weights.sum()).item()
        g = gradient(t, w)
        if not abs(g) <= most:
            raise ValueError(f"gradient {g} of round {t} is not between {-most} and {most}")
        totals = totals - rates * (w - experts) * g + (rates * (w - experts) * g) ** 2
        widths = 1 / (1 / widths + 2 * (rates * g) ** 2)
        slopes = rates * g * (1 + 2 * rates * g * (experts - w))
        experts = (experts - widths * slopes).clamp(-radius, radius)
        played.append(w)
        seen.append(g)
        potential.append((prior @ (-totals).exp()).item())
    return MetaGradRun(*(torch.tensor(v, dtype=torch.float64) for v in (played, seen, potential)))


def gradient_descent(
    gradient: Callable[[int, float], float], rounds: int, step: float, *, radius: float = 1.0
) -> Tensor:
    """Points of online gradient descent with the rates step/√t, from 0, ``[T]``.

    Source: Zinkevich, "Online Convex Programming and Generalized Infinitesimal Gradient Ascent",
    ICML 2003.
    """
    w, played = 0.0, []
    for t in range(rounds):
        played.append(w)
        w = min(max(w - step / math.sqrt(t + 1) * gradient(t, w), -radius), radius)
    return torch.tensor(played, dtype=torch.float64)


def distance_gradient(targets: Tensor) -> Callable[[int, float], float]:
    """Gradient of |w − c_t|, for targets c ``[T]``."""
    places = targets.tolist()
    return lambda t, w: float((w > places[t]) - (w < places[t]))


def distance_regret(points: Tensor, targets: Tensor) -> float:
    """Sum of |w_t − c_t|, less that of the best fixed point, a median of the targets."""
    best = (targets.quantile(0.5) - targets).abs().sum()
    return ((points - targets).abs().sum() - best).item()
