"""The posterior of a sinusoid: against samples of the prior, a finer grid, and its own prior."""

import math

import pytest
import torch

from metalearn_lab.experiments import sinusoid_posterior as module
from metalearn_lab.experiments.context_sinusoids import NOISE, NoisySinusoids
from metalearn_lab.experiments.sinusoid_posterior import sinusoid_posterior
from metalearn_lab.experiments.sinusoid_process import MEAN, VARIANCES, covariance
from metalearn_lab.tasks.sinusoids import Sinusoids


def test_without_points_it_has_the_mean_and_the_variance_of_the_family():
    at = torch.linspace(-5, 5, 11, dtype=torch.float64)
    mean, width = sinusoid_posterior(torch.zeros(0), torch.zeros(0), at, NOISE)
    torch.testing.assert_close(mean, MEAN * at.cos(), atol=1e-4, rtol=0)
    variance = covariance(at, at).diagonal() + NOISE**2
    torch.testing.assert_close(width**2, variance, rtol=1e-3, atol=0)
    assert VARIANCES[0] > VARIANCES[1] > 0


def test_it_is_the_mean_of_prior_draws_weighted_by_their_likelihood():
    numbers = torch.Generator().manual_seed(0)
    a, p = torch.rand(2, 2_000_000, generator=numbers, dtype=torch.float64)
    a, p = 0.1 + 4.9 * a, math.pi * p
    x, y, at = torch.tensor([-2.0, 1.0]).double(), torch.tensor([1.5, -2.0]).double(), 0.3
    squares = sum((y_i - a * torch.sin(x_i - p)) ** 2 for x_i, y_i in zip(x, y, strict=True))
    weights = (-squares / (2 * NOISE**2)).softmax(0)
    curve = a * torch.sin(at - p)
    mean = weights @ curve
    width = (weights @ curve**2 - mean**2 + NOISE**2).sqrt()
    found = sinusoid_posterior(x, y, torch.tensor([at]), NOISE)
    assert found[0].item() == pytest.approx(mean.item(), abs=0.01)
    assert found[1].item() == pytest.approx(width.item(), abs=0.01)


def test_the_grid_is_fine_enough_for_twenty_points(monkeypatch):
    task = NoisySinusoids(Sinusoids(20, 30, "test")).batch(0, 8)
    x, y, at = (part[..., 0] for part in (*task.support, task.query.x))
    coarse = sinusoid_posterior(x, y, at, NOISE)
    monkeypatch.setattr(module, "_AMPLITUDES", 240)
    monkeypatch.setattr(module, "_PHASES", 1000)
    module._grid.cache_clear()
    fine = sinusoid_posterior(x, y, at, NOISE)
    module._grid.cache_clear()
    for one, other in zip(coarse, fine, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=0)


def test_it_is_calibrated_on_its_prior():
    task = NoisySinusoids(Sinusoids(3, 4, "test")).batch(0, 300)
    x, y, at = (part[..., 0] for part in (*task.support, task.query.x))
    mean, width = sinusoid_posterior(x, y, at, NOISE)
    inside = ((task.query.y[..., 0] - mean).abs() < 1.96 * width).double().mean()
    assert 0.91 < inside < 0.97


def test_a_noise_too_small_for_the_grid_is_refused():
    with pytest.raises(ValueError, match=r"0\.1 or more"):
        sinusoid_posterior(torch.zeros(1), torch.zeros(1), torch.zeros(1), 0.01)
