"""The cold start: closed forms, the local step of MeLU, and no look at the query."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.recommendation import (
    DECISION,
    FACTORS,
    FINE_TUNING,
    LEARNERS,
    MELU,
    METHODS,
    OFFSET,
    POPULARITY,
    RIDGE,
    SHOTS,
    USER_MEAN,
    ColdStart,
    Setting,
    cold_start_rows,
    local_step_gaps,
    predictors,
    settings_of,
)
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.ratings import SUPPORT, Users
from metalearn_lab.tasks.types import Split, Task
from tests.experiments.small_ratings import small_world


@pytest.fixture(scope="module")
def cold():
    return ColdStart(small_world())


@pytest.fixture(scope="module")
def methods(cold):
    learners = {name: cold.train(name, steps=2, seed=0) for name in LEARNERS}
    return predictors(cold, learners, rank=3, penalty=2.0)


def test_the_base_of_a_training_user_leaves_out_the_own_rating(cold):
    world = cold.world
    changed = world.train.values.clone()
    changed[0] = 6 - changed[0]
    train = Users(world.train.items, changed)
    other = ColdStart(replace(world, train=train))
    # Only the linear prior and the mean, which five of the ratings stand for, saw the change.
    own = (cold.base_of(world.train)[0] - other.base_of(train)[0]).abs()
    kept = (cold.base - other.base)[world.train.items[0]].abs()
    assert own.mean() < 0.3 * kept.mean()


def test_the_base_is_a_mean_with_five_ratings_of_the_linear_model(cold):
    train, x = cold.world.train, cold.world.features
    item = int(train.items[0, 0])
    own = train.values[train.items == item]
    rows, values = x[train.items.flatten()], train.values.flatten() - cold.mean
    weights = torch.linalg.solve(rows.T @ rows + torch.eye(x.shape[1]), rows.T @ values)
    expected = (own.sum() + 5 * (cold.mean + x[item] @ weights)) / (len(own) + 5)
    assert cold.base[item].item() == pytest.approx(expected.item(), rel=1e-5)


def test_ridge_is_the_minimum_of_its_loss(cold):
    users, setting = cold.world.test, Setting(2.0, 0.5)
    predicted = cold.closed_form(cold.world.features)(users, 7, setting)
    x = torch.cat([torch.ones(7, 1), 0.5 * cold.world.features[users.items[0, :7]]], 1)
    rest = users.values[0, :7] - cold.base[users.items[0, :7]]
    rows = torch.cat([x, 2.0**0.5 * torch.eye(x.shape[1])])
    w = torch.linalg.lstsq(rows, F.pad(rest, (0, x.shape[1]))[:, None]).solution[:, 0]
    expected = cold.base[users.items[0, :7]] + x @ w
    torch.testing.assert_close(predicted[0, :7], expected, rtol=1e-4, atol=1e-4)


def test_the_offset_is_a_shrunken_mean_of_the_rest(cold):
    users = cold.world.test
    predicted = cold.closed_form(cold.world.features[:, :0])(users, 4, Setting(3.0, 1.0))
    base = cold.base_of(users)
    offset = (users.values - base)[:, :4].sum(1) / (4 + 3.0)
    torch.testing.assert_close(predicted, base + offset[:, None])


def test_factorisation_finds_users_and_items_of_one_factor():
    world = small_world()
    numbers = torch.Generator().manual_seed(0)
    p, q = (torch.randn(n, generator=numbers) for n in (50, 60))
    values = p[:, None] * q[world.train.items]
    cold = ColdStart(replace(world, train=Users(world.train.items, values)))
    cold.base = torch.zeros(60)
    cold._sums = values.new_zeros(60).index_add(0, world.train.items.flatten(), values.flatten())
    # Without a base, what is left is the product.
    cold.base_of = lambda users: torch.zeros_like(users.values)
    factor = cold.item_factors(1, 0.01, sweeps=30)[:, 0]
    known = world.train.items.unique()
    assert torch.corrcoef(torch.stack([factor[known], q[known]]))[0, 1].abs() > 0.99
    new = torch.ones(60, dtype=torch.bool)
    new[known] = False
    assert factor[new].abs().max() == 0


def test_without_ratings_all_but_the_networks_give_the_average_user(cold, methods):
    users = cold.world.test
    for name in (POPULARITY, OFFSET, RIDGE, FACTORS):
        torch.testing.assert_close(methods[name](users, 0, Setting(1, 1)), cold.base_of(users))
    means = methods[USER_MEAN](users, 0, Setting(0, 0))
    torch.testing.assert_close(means, cold.mean.expand_as(means))


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("shots", SHOTS)
def test_no_method_sees_a_rating_after_the_first_k(cold, methods, name, shots):
    users = cold.world.test
    setting = settings_of(name)[1 % len(settings_of(name))]
    values = users.values.clone()
    values[:, shots:] = 99.0
    first = methods[name](users, shots, setting)
    second = methods[name](Users(users.items, values), shots, setting)
    torch.testing.assert_close(first, second)


def test_the_local_step_on_a_linear_head_is_one_step_of_gradient_descent(cold):
    model = MLP([cold.width, 8, 1], seed=0)
    learner = MAML(model, F.mse_loss, inner_lr=0.2, inner_steps=1, adapts="head.*")
    task = cold.tasks(cold.world.test, 5)
    adapted = learner.adapt(task.support)[-1]
    with torch.no_grad():
        h, y = model.body(task.support.x), task.support.y
        error = model.head(h) - y
        weight = model.head.weight - 0.2 * 2 / 5 * error.mT @ h
        bias = model.head.bias - 0.2 * 2 * error.mean(1)
    torch.testing.assert_close(adapted["head.weight"], weight)
    torch.testing.assert_close(adapted["head.bias"], bias)
    assert torch.equal(adapted["body.0.weight"][0], model.body[0].weight)


def test_the_missing_second_order_is_a_factor_of_a_linear_head():
    x, y, α = torch.randn(2, 5, 3), torch.randn(2, 5, 1), 0.1
    task = Task(Split(x[:1], y[:1]), Split(x[1:], y[1:]))
    gradients = []
    for kind in (MAML, FirstOrderMAML):
        learner = kind(MLP([3, 1], seed=0), F.mse_loss, inner_lr=α, inner_steps=1)
        learner(task).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in learner.parameters()]))
    rows = F.pad(x[0], (0, 1), value=1.0)
    factor = torch.eye(4) - α * 2 / 5 * rows.T @ rows
    torch.testing.assert_close(gradients[0], factor @ gradients[1])


def test_melu_moves_the_decision_layers_alone(cold):
    learner = cold.train(MELU, steps=1, seed=0)
    assert learner.adapts == DECISION
    start, *_, last = learner.adapt(cold.tasks(cold.world.test, 3).support)
    moved = {name for name in start if not torch.equal(start[name], last[name])}
    assert {name.rpartition(".")[0] for name in moved} == {"body.2", "head"}


def test_training_tasks_are_disjoint_and_change_their_k(cold):
    seen = set()
    for step in range(5):
        task = cold.training_tasks(step, 0)
        seen.add(task.support.y.shape[1])
        rows = torch.cat([task.support.x, task.query.x], 1)[0]
        assert len(rows.unique(dim=0)) == len(rows)
    assert seen == set(SHOTS[1:])
    again = cold.training_tasks(3, 0)
    assert torch.equal(again.support.x, cold.training_tasks(3, 0).support.x)


def test_query_begins_after_all_support(cold):
    task = cold.tasks(cold.world.test, 2)
    assert task.query.y.shape[1] == cold.world.test.values.shape[1] - SUPPORT


def test_settings_are_chosen_by_validation_error(cold, methods):
    best = cold.chosen(methods[RIDGE], settings_of(RIDGE), 5)
    users = cold.world.validation
    errors = {
        setting: cold.errors(methods[RIDGE](users, 5, setting), users).mean().item()
        for setting in settings_of(RIDGE)
    }
    assert errors[best] == min(errors.values())


def test_every_method_that_can_be_set_has_as_many_settings():
    counts = {name: len(settings_of(name)) for name in METHODS}
    assert counts.pop(USER_MEAN) == counts.pop(POPULARITY) == 1
    assert set(counts.values()) == {10}


def test_rows_hold_every_method_and_k(cold, methods):
    rows = cold_start_rows(cold, {name: methods[name] for name in (POPULARITY, FINE_TUNING)})
    assert [(row["method"], row["shots"]) for row in rows] == [
        (name, shots) for name in (POPULARITY, FINE_TUNING) for shots in SHOTS
    ]
    assert all(0 <= row["ndcg linear"] <= 1 and row["error"] > 0 for row in rows)


def test_error_of_clicks_is_squared():
    cold = ColdStart(small_world(feedback="clicks"))
    users = cold.world.test
    predicted = torch.full_like(users.values, 0.25)
    expected = ((0.25 - users.values[:, 20:40]) ** 2).mean(1)
    torch.testing.assert_close(cold.errors(predicted, users), expected)


@pytest.mark.parametrize("shots", [1, 5, 20])
def test_both_formulas_of_the_local_step_hold(cold, shots):
    assert max(local_step_gaps(cold, shots)) < 1e-12
