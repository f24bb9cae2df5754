"""The two rules are the posterior means of their worlds; distances tell who is near to whom."""

import pytest
import torch

from metalearn_lab.experiments.task_diversity import (
    distances,
    pool_rule,
    ridge_rule,
    train_on_pool,
)
from metalearn_lab.tasks.linear_tasks import LinearTasks
from metalearn_lab.tasks.types import Split

NOISE = 0.5


def support(seed=0, tasks=5, shots=4, dim=2):
    numbers = torch.Generator().manual_seed(seed)
    x = torch.randn(tasks, shots, dim, generator=numbers, dtype=torch.float64)
    return Split(x, torch.randn(tasks, shots, 1, generator=numbers, dtype=torch.float64))


def test_the_pool_rule_is_bayes_rule_on_the_pool():
    pool = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]], dtype=torch.float64)
    given = support()
    for i, (x, y) in enumerate(zip(*given, strict=True)):
        normal = torch.distributions.Normal(x @ pool.T, NOISE)
        likelihood = normal.log_prob(y).sum(0).exp()
        expected = likelihood @ pool / likelihood.sum()
        assert torch.allclose(pool_rule(pool, given, NOISE)[i], expected)
    alone = pool_rule(pool[:1], given, NOISE)
    assert torch.equal(alone, pool[:1].expand(5, 2)), "one known task: the context is ignored"


def test_ridge_is_the_posterior_mean_of_a_normal_prior():
    given = support(shots=4, dim=1)
    many = torch.linspace(-6, 6, 4001, dtype=torch.float64)[:, None]
    prior = -(many[:, 0] ** 2) / 2
    squares = ((given.y - given.x @ many.T) ** 2).sum(1)
    weights = (prior - squares / (2 * NOISE**2)).softmax(-1)
    assert torch.allclose(ridge_rule(given, NOISE), weights @ many, atol=1e-6)


def test_a_large_pool_comes_near_to_ridge():
    tasks = LinearTasks(10, 1, noise=NOISE, split="test").batch(0, 300)
    gap = {
        m: (
            pool_rule(LinearTasks(pool=m).pool_weights(), tasks.support, NOISE)
            - ridge_rule(tasks.support, NOISE)
        )
        .square()
        .mean()
        .item()
        for m in (4, 64, 4096)
    }
    assert gap[4] > 3 * gap[64] > 9 * gap[4096]


def test_a_training_lowers_the_error_and_its_distances_are_of_its_answers():
    settings = {"shots": 5, "queries": 4, "noise": NOISE, "pool": 1}
    family = LinearTasks(**settings)
    test = LinearTasks(**settings, split="test").batch(0, 200)
    first, last = (
        distances(train_on_pool(family, steps), family.pool_weights(), test, NOISE)
        for steps in (1, 60)
    )
    assert last["error of model"] < first["error of model"] / 2
    assert last["error of pool rule"] == pytest.approx(0, abs=1e-12)
    assert last["model to pool rule"] == pytest.approx(last["error of model"])
