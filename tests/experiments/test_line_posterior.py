"""The posterior of a line: by hand, by ridge regression, and calibrated on its prior."""

import pytest
import torch

from metalearn_lab.experiments.line_posterior import line_posterior
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
