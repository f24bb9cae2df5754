"""Schedules for a noisy bowl: the moments are those of a simulation, the best are the best."""

import numpy as np
import pytest

from metalearn_lab.experiments.short_horizon import (
    NOISY_BOWL,
    NoisyBowl,
    _loss_and_slope,
    best_constant_rate,
    looking_ahead,
)


def test_the_moments_are_those_of_noisy_steps():
    draws = np.random.default_rng(0)
    theta = np.ones((400_000, 2))
    for rate in (0.5, 1.2, 0.3):
        optimum = draws.normal(size=theta.shape) * np.sqrt(NOISY_BOWL.noise)
        theta = theta - rate * NOISY_BOWL.curvatures * (theta - optimum)
    simulated = (NOISY_BOWL.curvatures * theta**2).sum(1).mean() / 2
    assert NOISY_BOWL.losses(np.array([0.5, 1.2, 0.3]))[-1] == pytest.approx(simulated, rel=0.01)


def test_the_greedy_rate_is_best_for_one_step():
    rate = NOISY_BOWL.greedy_rate()
    losses = [NOISY_BOWL.step(rate + move).loss() for move in (-1e-3, 0.0, 1e-3)]
    assert losses[1] == min(losses)


def test_the_slope_is_that_of_finite_differences():
    rates = np.array([0.7, 2.0, 0.2, 0.05])
    _, slopes = _loss_and_slope(NOISY_BOWL, rates)
    for t in range(4):
        ends = [np.log(rates) + sign * 1e-6 * (np.arange(4) == t) for sign in (-1, 1)]
        low, high = (np.log(NOISY_BOWL.losses(np.exp(end))[-1]) for end in ends)
        assert slopes[t] == pytest.approx((high - low) / 2e-6, rel=1e-6)


def test_the_known_numbers():
    ends = {h: looking_ahead(NOISY_BOWL, 100, h) for h in (1, 100)}
    greedy, best = (NOISY_BOWL.losses(rates)[-1] for rates in ends.values())
    assert greedy == pytest.approx(0.02115, abs=5e-6)
    assert best == pytest.approx(0.00687, abs=5e-6)
    assert ends[1][0] == pytest.approx(0.50, abs=0.002)
    assert ends[100][0] == pytest.approx(10, rel=1e-3)
    constant = best_constant_rate(NOISY_BOWL, 100)
    assert constant == pytest.approx(0.0350, abs=5e-5)
    assert NOISY_BOWL.losses(np.full(100, constant))[-1] == pytest.approx(0.02692, abs=5e-6)


def test_on_one_axis_greedy_is_best():
    """There the loss is the moment itself: to have less now never harms later."""
    bowl = NoisyBowl(np.array([0.7]), np.array([0.5]), np.array([2.0]))
    greedy, best = (looking_ahead(bowl, 20, horizon) for horizon in (1, 20))
    np.testing.assert_allclose(greedy, best, rtol=1e-4)


@pytest.mark.parametrize("horizon", [0, 3])
def test_a_horizon_that_does_not_divide_the_steps_is_refused(horizon):
    with pytest.raises(ValueError, match=f"divides 10 steps, got {horizon}"):
        looking_ahead(NOISY_BOWL, 10, horizon)
