"""Distances of a network to the two exact means, computed apart."""

import torch

from metalearn_lab.experiments.line_posterior import line_posterior, pool_posterior
from metalearn_lab.experiments.prior_fitted_lab import line_network
from metalearn_lab.experiments.task_diversity import distances
from metalearn_lab.tasks.lines import Lines


def test_distances_and_errors_are_mean_squares():
    family = Lines(shots=3, queries=4, pool=4)
    tasks = Lines(shots=3, queries=4, split="test").batch(0, 5)
    found = distances(line_network(), family, tasks)  # a new network says 0 everywhere
    ridge, _ = line_posterior(tasks.support, tasks.query.x, 0.3)
    pool, _ = pool_posterior(family.lines_of_pool(), tasks.support, tasks.query.x, 0.3)
    y = tasks.query.y[..., 0]
    expected = {
        "to ridge": ridge**2,
        "to dMMSE": pool**2,
        "network": y**2,
        "ridge": (ridge - y) ** 2,
        "dMMSE": (pool - y) ** 2,
    }
    assert found.keys() == expected.keys()
    for name, squares in expected.items():
        torch.testing.assert_close(found[name], squares.mean().item())


def test_with_one_line_the_pool_is_never_wrong_at_home():
    family = Lines(shots=2, queries=50, pool=1)
    at_home = distances(line_network(), family, family.batch(0, 100))
    abroad = distances(line_network(), family, Lines(2, 50, split="test").batch(0, 100))
    assert abs(at_home["dMMSE"] - 0.09) < 0.01
    assert at_home["ridge"] > at_home["dMMSE"]
    assert abroad["ridge"] < abroad["dMMSE"]
