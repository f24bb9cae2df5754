"""One step on a turned bowl: the closed forms are what autograd and a search find."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.turning_bowl import turning_bowl
from metalearn_lab.tasks.seeds import generator

STEEPNESS = (1.0, 9.0)
ANGLES = [0.0, 20.0, 45.0, 73.0, 90.0]
START = torch.tensor([1.2, -0.7], dtype=torch.float64)


def starts(start):
    """Starts with the second moments of the bowl: the corners of a square, or one alone."""
    corners = [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    return torch.tensor(corners).double() if start is None else start[None]


@pytest.mark.parametrize("start", [None, START])
@pytest.mark.parametrize("degrees", ANGLES)
def test_the_loss_after_a_step_is_that_of_the_step(degrees, start):
    bowl = turning_bowl(STEEPNESS, degrees, start)
    rates = torch.tensor([0.07, -0.2], dtype=torch.float64)
    ends = torch.stack([bowl.stepped(each, rates) for each in starts(start)])
    loss = torch.einsum("ti,ij,tj->t", ends, bowl.curvature, ends).mean() / 2
    torch.testing.assert_close(bowl.loss_after(rates), loss)


@pytest.mark.parametrize("start", [None, START])
@pytest.mark.parametrize("degrees", ANGLES)
def test_no_other_rates_are_better(degrees, start):
    bowl = turning_bowl(STEEPNESS, degrees, start)
    one, each = bowl.best_single_rate(), bowl.best_rates()
    moves = 0.05 * torch.randn(200, 2, generator=generator("rates"), dtype=torch.float64)
    assert bowl.loss_after(each) <= bowl.loss_after(each + moves).min() + 1e-12
    assert bowl.loss_after(one) <= bowl.loss_after(one + moves[:, :1]).min() + 1e-12
    assert bowl.loss_after(each) <= bowl.loss_after(one) + 1e-12


def test_the_known_numbers():
    straight, turned = (turning_bowl(STEEPNESS, degrees) for degrees in (0, 45))
    zero = torch.zeros(2, dtype=torch.float64)
    assert straight.loss_after(zero).item() == pytest.approx(5)
    for bowl in (straight, turned):
        rate = bowl.best_single_rate()
        assert rate.tolist() == pytest.approx([82 / 730] * 2)
        assert bowl.loss_after(rate).item() == pytest.approx(0.394521, abs=1e-6)
    assert straight.best_rates().tolist() == pytest.approx([1, 1 / 9])
    assert straight.loss_after(straight.best_rates()).item() == pytest.approx(0, abs=1e-12)
    torch.testing.assert_close(turned.best_rates(), turned.best_single_rate())


def test_two_rates_for_one_start_reach_the_centre_and_may_be_negative():
    start = torch.tensor([1.5, 0.9], dtype=torch.float64)
    bowl = turning_bowl(STEEPNESS, 60, start)
    rates = bowl.best_rates()
    torch.testing.assert_close(rates, start / (bowl.curvature @ start))
    assert (rates < 0).any()
    torch.testing.assert_close(bowl.stepped(start, rates), torch.zeros(2).double())


@pytest.mark.parametrize("degrees", [0.0, 30.0])
def test_meta_sgd_learns_these_rates(degrees):
    """Gradient descent on the loss after the step, through the package's own learner."""
    from metalearn_lab.learners.meta_sgd import MetaSGD
    from metalearn_lab.tasks.types import Split, Task

    bowl = turning_bowl(STEEPNESS, degrees)
    x = torch.linalg.cholesky(bowl.curvature).T.expand(4, 2, 2)
    split = Split(x, -x @ starts(None)[:, :, None])  # θ = 0 lies at a corner, seen from −corner
    model = torch.nn.Linear(2, 1, bias=False).double()
    torch.nn.init.zeros_(model.weight)
    learner = MetaSGD(
        model, lambda out, y: F.mse_loss(out, y, reduction="sum") / 2, first_rate=0.1, inner_steps=1
    )
    optimizer = torch.optim.LBFGS(
        learner.rates.parameters(), max_iter=200, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = learner(Task(split, split))
        loss.backward()
        return loss

    last = optimizer.step(closure)
    assert last is not None
    torch.testing.assert_close(learner.rates[0][0], bowl.best_rates(), rtol=1e-4, atol=1e-5)
