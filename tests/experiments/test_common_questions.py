"""Pools go round, a known family is exact, and learning from nothing is plain Adam."""

import copy

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.common_questions import (
    errors_by_pool,
    from_scratch,
    known_family,
    pool_batches,
)
from metalearn_lab.experiments.meta_network_lab import MetaNetworkLab
from metalearn_lab.models.mlp import MLP
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.sinusoids import Sinusoids


def test_a_pool_goes_round():
    pool = Sinusoids(3, 3, "train", 0).batch(0, 5)
    batch = pool_batches(pool, 4)
    rows = [0, 1, 2, 3], [4, 0, 1, 2]
    for i, expected in enumerate(rows):
        assert torch.equal(batch(i).support.y, pool.support.y[expected])


def test_the_known_family_needs_two_points():
    assert known_family(Sinusoids(2, 20, "test", 0).batch(0, 5)).max() < 1e-6


def test_from_nothing_each_task_is_trained_alone():
    tasks, model = Sinusoids(6, 9, "test", 0).batch(0, 3), MLP([1, 5, 1], seed=0)
    before = copy.deepcopy(model.state_dict())
    with one_thread():
        given = from_scratch(tasks, model, steps=12, lr=0.02)
        for i in range(3):
            alone = copy.deepcopy(model)
            adam = torch.optim.Adam(alone.parameters(), 0.02)
            for _ in range(12):
                adam.zero_grad()
                F.mse_loss(alone(tasks.support.x[i]), tasks.support.y[i]).backward()
                adam.step()
            error = F.mse_loss(alone(tasks.query.x[i]), tasks.query.y[i]).item()
            assert given[i].item() == pytest.approx(error, rel=1e-4)
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())


def test_the_table_has_a_row_for_each_way_to_learn():
    with one_thread():
        errors = errors_by_pool(MetaNetworkLab(5, 2, 3, 0), (2, 4), tasks=4, scratch_steps=2)
    assert list(errors.index[:3]) == ["predicting 0", "known family", "from nothing"]
    assert list(errors.index[3:]) == ["MAML, 2 tasks", "MAML, 4 tasks"]
    zero = Sinusoids(5, 50, "test", 0).batch(0, 4).query.y.square().mean().item()
    assert errors.loc["predicting 0", "like"] == pytest.approx(zero)
    assert errors.notna().all().all()
