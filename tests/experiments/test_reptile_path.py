"""Reptile's path in closed form is the learner's, and 1/n does what it must."""

import pytest
import torch
from torch import nn

from metalearn_lab.experiments.reptile_path import deal, reptile_path
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.tasks.planar_quadratics import planar_quadratics
from metalearn_lab.tasks.quadratics import half_squared_error
from metalearn_lab.tasks.types import Split, Task

BOWLS = planar_quadratics(
    [(9, 0.6), (7, 0.5), (1.5, 1.5)], [20, 110, 0], [(-2, -1), (2, 0.4), (0, 2)]
)
START = torch.tensor([2.0, -1.5], dtype=torch.float64)
SETTING = {"inner_lr": 0.1, "inner_steps": 5, "outer_step": 0.3, "outer_steps": 12}


def path(**changes):
    return reptile_path(BOWLS, START, **{**SETTING, "meta_batch": 3, **changes})


@pytest.mark.parametrize("meta_batch", [1, 2, 3])
def test_it_is_the_path_of_the_learner_with_an_outer_sgd(meta_batch):
    model = nn.Linear(2, 1, bias=False).double()
    model.weight.data[0] = START
    learner = Reptile(model, half_squared_error, inner_lr=0.1, inner_steps=5)
    optimizer = torch.optim.SGD(learner.parameters(), lr=0.3)
    data = BOWLS.tasks()
    wanted = [START]
    for dealt in deal(3, meta_batch, 12, seed=0):
        optimizer.zero_grad()
        learner(Task(*(Split(split.x[dealt], split.y[dealt]) for split in data))).backward()
        optimizer.step()
        wanted.append(model.weight.data[0].clone())
    torch.testing.assert_close(path(meta_batch=meta_batch), torch.stack(wanted))


def test_with_the_mean_a_doubled_meta_batch_changes_nothing():
    torch.testing.assert_close(path(meta_batch=6), path(meta_batch=3))


def test_without_1_over_n_the_step_is_n_times_as_long():
    for n in (1, 3, 6):
        torch.testing.assert_close(
            path(meta_batch=n, averaged=False), path(meta_batch=n, outer_step=0.3 * n)
        )
    assert path(meta_batch=6, outer_step=1.0, averaged=False)[-1].norm() > 1e3


@pytest.mark.parametrize("steps", [1, 4])
def test_it_ends_where_reptile_settles(steps):
    settles = BOWLS.stationary_point("reptile", inner_lr=0.1, inner_steps=steps)
    long = path(inner_steps=steps, outer_steps=800)
    torch.testing.assert_close(long[-1], settles)


def test_every_deck_holds_each_task_once_and_n_is_only_how_it_is_cut():
    one_by_one, threes = deal(3, 1, 12, seed=4), deal(3, 3, 4, seed=4)
    assert torch.equal(one_by_one.flatten(), threes.flatten())
    assert all(sorted(deck) == [0, 1, 2] for deck in threes.tolist())
    assert not torch.equal(threes, deal(3, 3, 4, seed=5))
    assert deal(3, 2, 5, seed=4).shape == (5, 2)
