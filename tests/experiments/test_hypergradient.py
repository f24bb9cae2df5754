"""Hypergradient descent: its slope is that of the loss in the rate, and the known path."""

import pytest
import torch

from metalearn_lab.experiments.hypergradient import hypergradient_descent

CURVATURES = torch.tensor([1.0, 9.0], dtype=torch.float64)
START = torch.ones(2, dtype=torch.float64)


def descend(first_rate, kappa, steps):
    settings = torch.tensor([first_rate, kappa], dtype=torch.float64)
    return hypergradient_descent(CURVATURES, START, *settings, steps)


def test_the_slope_of_the_loss_in_the_rate_is_minus_the_product_of_two_gradients():
    rate = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    gradient = CURVATURES * START
    theta = START - rate * gradient
    [slope] = torch.autograd.grad((CURVATURES * theta**2).sum() / 2, rate)
    assert slope.item() == pytest.approx(-9)
    after = descend(0.1, 0.001, 2)
    assert after.rates[1].item() == pytest.approx(0.1 - 0.001 * slope.item())


def test_the_known_path():
    found = descend(0.0, 0.001, 200)
    expected = [0, 0.082, 0.10414, 0.105244, 0.10585, 0.106334]
    assert found.rates[:6].tolist() == pytest.approx(expected, abs=6e-6)
    assert found.losses[0].item() == 5
    assert found.losses[-1].item() == pytest.approx(9e-21, rel=0.05)


def test_three_times_the_step_size_runs_away():
    assert not descend(0.0, 0.003, 200).losses[-1].isfinite()


def test_without_a_step_size_the_rate_stays_and_the_loss_is_in_closed_form():
    found = descend(0.15, 0.0, 7)
    assert set(found.rates.tolist()) == {0.15}
    theta = (1 - 0.15 * CURVATURES) ** 7
    assert found.losses[-1].item() == pytest.approx(((CURVATURES * theta**2).sum() / 2).item())


def test_many_settings_are_run_at_once():
    rates, kappas = torch.tensor([[0.0], [0.1]]).double(), torch.tensor([1e-4, 1e-3, 2e-3]).double()
    many = hypergradient_descent(CURVATURES, START, rates, kappas, 30)
    assert many.losses.shape == (2, 3, 31)
    torch.testing.assert_close(many.losses[1, 2], descend(0.1, 2e-3, 30).losses)


def test_no_step_is_refused():
    with pytest.raises(ValueError, match="one step or more, got 0"):
        descend(0.1, 0.0, 0)
