"""Exact posteriors: by hand, by ridge regression, by sampling from the prior."""

import pytest
import torch

from metalearn_lab.experiments.line_posterior import line_posterior
from metalearn_lab.experiments.sinusoid_posterior import sinusoid_posterior
from metalearn_lab.tasks.lines import Lines
from metalearn_lab.tasks.types import Split

NOISE = 0.3


def column(*values):
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_four_points_over_zero_are_the_conjugate_normal_by_hand():
    # Prior N(0, 1), noise 0.5, four points of mean 1: mean 16/17, variance 1/17.
    support = Split(column(0, 0, 0, 0), column(0, 0, 2, 2))
    mean, width = line_posterior(support, column(0), 0.5)
    assert mean.item() == pytest.approx(0.941176, abs=1e-6)
    assert width.item() ** 2 - 0.25 == pytest.approx(0.0588235, abs=1e-6)


def test_the_mean_is_that_of_ridge_regression():
    task = Lines(shots=7, queries=5).batch(0, 3)
    mean, _ = line_posterior(task.support, task.query.x, NOISE)
    for i in range(3):
        ones = [
            torch.cat([torch.ones_like(x), x], 1).double()
            for x in (task.support.x[i], task.query.x[i])
        ]
        rows = torch.cat([ones[0], NOISE * torch.eye(2)])
        target = torch.cat([task.support.y[i].double(), torch.zeros(2, 1)])
        expected = ones[1] @ torch.linalg.lstsq(rows, target).solution
        torch.testing.assert_close(mean[i], expected[:, 0])


def test_without_points_a_line_is_the_prior():
    none = Split(torch.zeros(0, 1), torch.zeros(0, 1))
    mean, width = line_posterior(none, column(0, 2), NOISE)
    assert mean.tolist() == [0, 0]
    torch.testing.assert_close(width**2 - NOISE**2, torch.tensor([1.0, 5.0]).double())


def test_the_posterior_is_calibrated_on_its_prior():
    task = Lines(shots=3, queries=1).batch(0, 4000)
    mean, width = line_posterior(task.support, task.query.x, NOISE)
    apart = (task.query.y[..., 0] - mean) / width
    assert abs((apart**2).mean() - 1) < 0.06
    assert abs((apart.abs() < 1.96).double().mean() - 0.95) < 0.012


def test_the_grid_is_bayes_rule_by_sampling():
    numbers = torch.Generator().manual_seed(0)
    amplitude = 0.1 + 4.9 * torch.rand(400_000, 1, generator=numbers, dtype=torch.float64)
    phase = torch.pi * torch.rand(400_000, 1, generator=numbers, dtype=torch.float64)
    x, at = torch.tensor([-1.0, 2.5]).double(), torch.linspace(-5, 5, 7).double()
    y = 3 * torch.sin(x - 1.2) + 0.4
    noise = 0.5
    misfit = ((amplitude * torch.sin(x - phase) - y) ** 2).sum(1)
    likely = (-misfit / (2 * noise**2)).softmax(0)
    curves = amplitude * torch.sin(at - phase)
    mean = likely @ curves
    width = (likely @ (curves - mean) ** 2 + noise**2).sqrt()
    for grid, sampled in zip(sinusoid_posterior(x, y, at, noise), (mean, width), strict=True):
        torch.testing.assert_close(grid, sampled, atol=0.03, rtol=0)


def test_without_points_a_sinusoid_is_the_prior():
    none, at = torch.zeros(0), torch.linspace(-5, 5, 5)
    mean, width = sinusoid_posterior(none, none, at, 0.1)
    # E[A sin(x − p)] = −E[A] (2/π) cos x, E[A²]/2 is the second moment.
    torch.testing.assert_close(mean, -2.55 * 2 / torch.pi * at.double().cos(), atol=1e-4, rtol=0)
    square = (125 - 0.001) / (3 * 4.9) / 2
    torch.testing.assert_close(width**2, square - mean**2 + 0.01, atol=1e-3, rtol=0)


def test_many_points_give_the_sinusoid_and_tasks_may_stand_side_by_side():
    x = torch.linspace(-5, 5, 20).double()
    y = torch.stack([4.5 * torch.sin(x - 0.1), 0.4 * torch.sin(x - 3.0)])
    mean, width = sinusoid_posterior(x.expand(2, -1), y, x.expand(2, -1), 0.1)
    torch.testing.assert_close(mean, y, atol=0.02, rtol=0)
    assert width.max() < 0.12
    alone, _ = sinusoid_posterior(x, y[1], x, 0.1)
    torch.testing.assert_close(alone, mean[1])


def test_too_little_noise_for_the_grid_is_refused():
    with pytest.raises(ValueError, match=r"0\.05 or more"):
        sinusoid_posterior(torch.zeros(1), torch.zeros(1), torch.zeros(1), 0.01)
