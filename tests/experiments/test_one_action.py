"""REINFORCE on one action: means, variances and both parts of the meta-gradient."""

import pytest
import torch

from metalearn_lab.experiments.one_action import (
    BASELINES,
    drawn_meta_gradient,
    meta_gradient,
    reinforce,
    variance,
)

DRAWS = 40_000


def drawn(theta, noise, count):
    numbers = torch.Generator().manual_seed(1)
    shape = (DRAWS, count)
    return theta + noise * torch.randn(shape, generator=numbers, dtype=torch.float64)


@pytest.mark.parametrize(("theta", "noise", "count"), [(1.0, 0.5, 20), (-0.3, 1.0, 4)])
def test_means_and_variances(theta, noise, count):
    goal = 0.2
    actions = drawn(theta, noise, count)
    for baseline in BASELINES:
        estimates = reinforce(actions, theta, goal, noise, baseline)
        exact = variance(theta - goal, noise, count, baseline)
        mean = goal - theta
        if baseline == "mean of all":
            mean *= (count - 1) / count
        assert estimates.mean().item() == pytest.approx(mean, abs=5 * (exact / DRAWS) ** 0.5)
        assert estimates.var().item() == pytest.approx(exact, rel=0.08)


@pytest.mark.parametrize("inner_lr", [0.1, 1.0, 1.5])
def test_both_parts_of_the_meta_gradient(inner_lr):
    actions = drawn(1.0, 0.5, 8)
    parts = drawn_meta_gradient(actions, 1.0, 0.0, 0.5, inner_lr)
    closed = meta_gradient(torch.tensor(1.0), torch.tensor(inner_lr), 8)
    for part, formula in zip(parts, closed, strict=True):
        error = (part.std() / DRAWS**0.5).item()
        assert part.mean().item() == pytest.approx(formula.item(), abs=5 * error)


def test_the_exact_derivative_by_finite_differences():
    def objective(d, rate):
        return -((1 - rate) ** 2 * d**2 + rate**2 * variance(d, 0.7, 6, "mean of the others")) / 2

    for d in (-2.0, 0.4):
        for rate in (0.3, 2.0):
            slope = (objective(d + 1e-5, rate) - objective(d - 1e-5, rate)) / 2e-5
            exact = meta_gradient(torch.tensor(d), torch.tensor(rate), 6).exact.item()
            assert slope == pytest.approx(exact, rel=1e-5)


def test_another_baseline_is_refused():
    with pytest.raises(ValueError, match="baseline is one of"):
        reinforce(torch.zeros(1, 2), 0.0, 0.0, 1.0, "median")
