"""The start and the rates move by step sizes of their own; other rates change the adaptation."""

import math

import pytest
import torch

from metalearn_lab.evaluation.adaptation_curves import adapted_loss
from metalearn_lab.experiments.learned_rates import (
    batches_of,
    changes,
    flat_rates,
    loss_with_rates,
    outer_adam,
    train_rates,
)
from metalearn_lab.learners.maml import MAML
from metalearn_lab.tasks.sinusoids import Sinusoids
from tests.learners.builders import sinusoid_learner, sinusoids
from tests.learners.test_meta_sgd import meta_sgd


def batches(i):
    return sinusoids(4, 4 * i)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_start_and_the_rates_have_step_sizes_of_their_own(compiled):
    learner = meta_sgd()
    start = [weight.clone() for weight in learner.model.parameters()]
    assert train_rates(learner, batches, 1, 0.0, 1e-3, compiled=compiled)
    for weight, was in zip(learner.model.parameters(), start, strict=True):
        assert torch.equal(weight, was)
    moved = (flat_rates(learner) - 0.05).abs()
    assert moved[moved > 0].max().item() == pytest.approx(1e-3, rel=1e-3), "one step of Adam"
    assert train_rates(learner, batches, 1, 1e-2, 0.0, compiled=compiled)
    assert any(
        (w - was).abs().max() > 5e-3
        for w, was in zip(learner.model.parameters(), start, strict=True)
    )


def test_no_task_is_in_two_batches():
    family = Sinusoids(seed=3)
    first, second = (batches_of(family, 4)(i) for i in (0, 1))
    together = family.batch(0, 8).query.y
    assert torch.equal(torch.cat([first.query.y, second.query.y]), together)


def test_a_learner_without_rates_has_one_group():
    assert len(outer_adam(sinusoid_learner(MAML), 0.1, 0.2).param_groups) == 1
    assert [g["lr"] for g in outer_adam(meta_sgd(), 0.1, 0.2).param_groups] == [0.1, 0.2]


def test_a_training_that_runs_away_is_told():
    assert not train_rates(meta_sgd(first_rate=1e300), batches, 3, 1e-3, 1e-3)


def test_each_change_keeps_what_it_says():
    rates = torch.tensor([[0.3, -0.1], [0.2, 0.4]])
    mean, shuffled, positive = (change(rates) for change in changes(0).values())
    torch.testing.assert_close(mean, torch.full((2, 2), 0.2))
    assert sorted(shuffled.flatten().tolist()) == sorted(rates.flatten().tolist())
    assert torch.equal(positive, torch.tensor([[0.3, 0.0], [0.2, 0.4]]))


def test_other_rates_adapt_otherwise_and_the_learner_stays():
    learner, tasks = meta_sgd(), sinusoids(3)
    own = flat_rates(learner)
    assert loss_with_rates(learner, lambda rate: rate, tasks) == adapted_loss(learner, tasks)
    halved = sinusoid_learner(MAML, inner_lr=0.025)
    expected = pytest.approx(adapted_loss(halved, tasks))
    assert loss_with_rates(learner, lambda rate: rate / 2, tasks) == expected
    assert loss_with_rates(learner, lambda rate: rate * 1e308 * 1e308, tasks) == math.inf
    assert torch.equal(flat_rates(learner), own)
