"""Short-horizon bias: rates that are best for a few steps are too small for many.

A bowl is seen through noisy gradients. Along each axis, with curvature h and noise variance s², the
second moment A of θ follows exactly

    A → (1 − αh)² A + α² h² s²,    and the mean loss is ½ Σ_i h_i A_i.

The rate that makes the *next* loss smallest, greedy, is α = Σ h² A / Σ h³ (A + s²). A schedule that
looks T steps ahead is found by minimising the loss after the T steps in all T rates at once.

Source: Wu, Ren, Liao and Grosse, "Understanding Short-Horizon Bias in Stochastic
Meta-Optimization", ICLR 2018, section 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

Numbers = NDArray[np.float64]


class NoisyBowl(NamedTuple):
    """A bowl whose gradients are noisy.

    Attributes:
        curvatures: h, ``[axes]``.
        noise: s², the variance of the optimum that each step sees, ``[axes]``.
        moments: A at the start, ``[axes]``.
    """

    curvatures: Numbers
    noise: Numbers
    moments: Numbers

    def loss(self) -> float:
        """The mean loss, ½ Σ h A."""
        return float(self.curvatures @ self.moments / 2)

    def step(self, rate: float) -> NoisyBowl:
        """The bowl after one step of size α."""
        shrink, scaled = 1 - rate * self.curvatures, rate * self.curvatures
        return self._replace(moments=shrink**2 * self.moments + scaled**2 * self.noise)

    def losses(self, rates: Numbers) -> Numbers:
        """The mean loss before and after each step of a schedule, ``[steps + 1]``."""
        bowl, losses = self, [self.loss()]
        for rate in rates:
            bowl = bowl.step(rate)
            losses.append(bowl.loss())
        return np.array(losses)

    def greedy_rate(self) -> float:
        """The rate that makes the loss after one step smallest."""
        h, moments = self.curvatures, self.moments
        return float(h**2 @ moments / (h**3 @ (moments + self.noise)))


NOISY_BOWL = NoisyBowl(np.array([1.0, 0.05]), np.ones(2), np.ones(2))
"""One steep and one shallow axis; both begin at 1 and have noise of variance 1."""


def looking_ahead(bowl: NoisyBowl, steps: int, horizon: int) -> Numbers:
    """The schedule of a learner that looks ``horizon`` steps ahead, and begins anew after them.

    Args:
        bowl: at the start.
        steps: T, rates asked for.
        horizon: 1 for greedy; ``steps`` for the best schedule of all.

    Returns:
        ``[steps]``.

    Raises:
        ValueError: the horizon is below 1, or does not divide the steps.
    """
    if horizon < 1 or steps % horizon:
        raise ValueError(f"give a horizon that divides {steps} steps, got {horizon}")
    rates: list[float] = []
    while len(rates) < steps:
        window = _best_schedule(bowl, horizon)
        rates += window.tolist()
        for rate in window:
            bowl = bowl.step(rate)
    return np.array(rates)


def best_constant_rate(bowl: NoisyBowl, steps: int) -> float:
    """The one rate with the lowest loss after so many steps."""
    found = minimize_scalar(
        lambda log_rate: bowl.losses(np.full(steps, np.exp(log_rate)))[-1],
        bounds=(-8.0, 0.6),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(np.exp(found.x))


def _best_schedule(bowl: NoisyBowl, steps: int) -> Numbers:
    """The rates, ``[steps]``, with the lowest loss after them, from those of the greedy one.

    None is above 1/min(h): such a step overshoots along every axis.
    """
    if steps == 1:
        return np.array([bowl.greedy_rate()])
    greedy, rates = bowl, []
    for _ in range(steps):
        rates.append(greedy.greedy_rate())
        greedy = greedy.step(rates[-1])
    found = minimize(
        lambda log_rates: _loss_and_slope(bowl, np.exp(log_rates)),
        np.log(rates),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-12.0, -np.log(bowl.curvatures.min()))] * steps,
        options={"maxiter": 5000, "maxfun": 20000, "ftol": 1e-15, "gtol": 1e-12},
    )
    return np.array(np.exp(found.x))


def _loss_and_slope(bowl: NoisyBowl, rates: Numbers) -> tuple[float, Numbers]:
    """Log of the loss after a schedule, and its derivatives in the logarithms of the rates."""
    h, noise = bowl.curvatures, bowl.noise
    moments = [bowl.moments]
    for rate in rates:
        moments.append((1 - rate * h) ** 2 * moments[-1] + (rate * h) ** 2 * noise)
    loss, back = float(h @ moments[-1] / 2), h / 2  # dL/dA
    slopes = np.empty(len(rates))
    for t in range(len(rates) - 1, -1, -1):
        rate, before = rates[t], moments[t]
        slopes[t] = back @ (2 * h * (rate * h * noise - (1 - rate * h) * before))
        back = back * (1 - rate * h) ** 2
    return np.log(loss), slopes * rates / loss
