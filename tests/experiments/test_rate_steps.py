"""The map of rates and steps agrees with the closed form, and knows where adapting is no use."""

import pytest
import torch

from metalearn_lab.experiments.rate_steps import rate_steps
from metalearn_lab.learners.maml import MAML
from metalearn_lab.tasks.quadratics import Weight, half_squared_error, quadratic_tasks

CURVATURES, CENTRES = [1.0, 4.0], [1.0, -2.0]
RATES = (0.1, 0.3, 0.45, 0.6, 1.0)


@pytest.fixture
def learner():
    return MAML(Weight(0.5), half_squared_error, inner_lr=0.2, inner_steps=1)


@pytest.fixture
def tasks():
    return quadratic_tasks(CURVATURES, CENTRES)


def expected(rate, k):
    return [
        a / 2 * (1 - rate * a) ** (2 * k) * (0.5 - c) ** 2
        for a, c in zip(CURVATURES, CENTRES, strict=True)
    ]


def test_the_losses_are_those_of_the_formula(learner, tasks):
    found = rate_steps(learner, tasks, RATES, 3)
    wanted = [[sum(expected(rate, k)) / 2 for k in range(4)] for rate in RATES]
    torch.testing.assert_close(found.loss, torch.tensor(wanted))
    assert found.tasks == 2
    assert learner.inner_lr == 0.2


def test_the_largest_useful_inner_lr_is_the_last_before_a_step_harms(learner, tasks):
    found = rate_steps(learner, tasks, RATES, 3)
    for k in (1, 2, 3):
        start = sum(expected(0, 0))
        helps = [sum(expected(rate, k)) < start for rate in RATES]
        useful = helps.index(False) if False in helps else len(RATES)
        assert found.largest_useful_inner_lr(k) == pytest.approx(RATES[useful - 1])
    assert rate_steps(learner, tasks, (0.9, 1.0), 1).largest_useful_inner_lr(1) is None
    assert rate_steps(learner, tasks, (0.1, 0.2), 1).largest_useful_inner_lr(1) == pytest.approx(
        0.2
    )


def test_what_leaves_the_numbers_is_infinite_and_of_no_use(learner, tasks):
    found = rate_steps(learner, tasks, (0.1, 1e15), 4)
    assert found.loss[1, -1] == torch.inf
    assert found.largest_useful_inner_lr(4) == pytest.approx(0.1)


@pytest.mark.parametrize("rates", [(), (0.2, 0.1), (0.1, 0.1)])
def test_rates_must_increase(learner, tasks, rates):
    with pytest.raises(ValueError, match="give increasing inner step sizes"):
        rate_steps(learner, tasks, rates, 1)
