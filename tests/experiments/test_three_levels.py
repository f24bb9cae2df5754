"""The three levels: choosers that see no query, rates that are learned exactly, drawn groups."""

import math

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.choose_algorithm import (
    ALGORITHMS,
    SHOTS,
    accuracies,
    choose_for_unseen,
    cross_validated,
    description,
    varied_task,
)
from metalearn_lab.experiments.learned_sampling import GROUPS, group_task, train_with_sampling
from metalearn_lab.experiments.rate_schedule import descend, learn_rates
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.optimizees import Quadratics, random_bowls
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split


def test_no_choice_beats_the_best_and_regrets_are_of_the_same_tasks():
    choices = choose_for_unseen(training=40, unseen=10)
    for name in ("described", "shuffled", "single", "cross_validated"):
        assert (choices.best >= getattr(choices, name)).all()
    true = torch.stack([accuracies(*varied_task(f"unseen {i}")) for i in range(10)])
    assert torch.equal(true.amax(1), choices.best)
    assert torch.equal(true[torch.arange(10), choices.chosen], choices.described)
    assert any(torch.equal(choices.single, column) for column in true.T)


def test_each_classifier_by_its_definition():
    support, query = varied_task("a")
    found = accuracies(support, query)
    means = torch.stack([support.x[support.y == c].mean(0) for c in range(5)])
    by_means = torch.stack([(x - means).norm(dim=1).argmin() for x in query.x])
    by_neighbour = torch.stack([support.y[(x - support.x).norm(dim=1).argmin()] for x in query.x])
    centre, targets = support.x.mean(0), F.one_hot(support.y, 5).float()
    x = support.x - centre
    weights = torch.linalg.solve(x.T @ x + 10 * torch.eye(20), x.T @ targets)
    by_ridge = ((query.x - centre) @ weights).argmax(1)
    for accuracy, guess in zip(found, (by_means, by_ridge, by_neighbour), strict=True):
        assert accuracy.item() == pytest.approx((guess == query.y).float().mean().item())
    assert len(ALGORITHMS) == 3


def test_the_description_is_of_the_support_alone_whatever_its_scale_and_order():
    for i in range(6):
        support, _ = varied_task(f"a {i}")
        shots = len(support.y) // 5
        assert shots in SHOTS
        found = description(support)
        assert found[0].item() == pytest.approx(math.log(shots))
        scaled = Split(3 * support.x + 1, support.y)
        torch.testing.assert_close(description(scaled), found, rtol=1e-3, atol=1e-4)
        order = torch.cat([c * shots + torch.randperm(shots) for c in range(5)])
        torch.testing.assert_close(description(Split(support.x[order], support.y)), found)


def test_cross_validation_leaves_every_item_out_once():
    support, _ = next(
        task for task in (varied_task(f"b {i}") for i in range(50)) if len(task.support.y) == 10
    )
    first, second = (
        Split(support.x[part::2], support.y[part::2]) for part in (0, 1)
    )  # of two shots
    expected = (accuracies(second, first) + accuracies(first, second)) / 2
    torch.testing.assert_close(cross_validated(support), expected)


def test_descent_with_the_inverse_curvatures_ends_at_the_centre():
    roots = torch.tensor([0.5, 2.0]).sqrt() / 2**0.5
    bowl = Quadratics(roots.diag_embed()[None], (roots * torch.tensor([1.0, -3.0]))[None])
    assert descend(bowl, torch.tensor([2.0, 0.5])).item() == pytest.approx(0, abs=1e-10)
    start = bowl.value_and_gradient(bowl.start)[0].item()
    assert start == pytest.approx((0.5 * 1 + 2 * 9) / 2)
    assert descend(bowl, torch.tensor([0.5])).item() == pytest.approx(0.5 * 0.75**2 / 2)


def test_rates_are_learned_to_the_closed_form():
    """One step on curvatures 1 and 9 at distance 1: α = Σa² / Σa³."""
    roots = (torch.tensor([1.0, 9.0]) / 2).sqrt()
    bowl = Quadratics(roots.diag_embed()[None], roots[None])
    start = torch.tensor([0.05]).log()
    rates = learn_rates(lambda _: bowl, start, 1, iterations=400, outer_lr=0.02)
    assert rates.tolist() == pytest.approx([82 / 730], rel=1e-3)
    two = torch.tensor([0.08, 0.5]).log()
    rates = learn_rates(lambda _: bowl, two, 2, iterations=1500, outer_lr=0.01)
    assert sorted(rates.tolist()) == pytest.approx([1 / 9, 1], rel=1e-2)
    with pytest.raises(ValueError, match="give 1 or 3 rates"):
        learn_rates(lambda _: bowl, two, 3, iterations=1)


def test_more_rates_leave_less():
    bowls = random_bowls("unseen", 20)
    one = learn_rates(lambda i: random_bowls(i, 16), torch.zeros(1), 4, iterations=80)
    assert len(set(one.tolist())) == 1
    spread = torch.linspace(-0.5, 1.0, 4)
    four = learn_rates(lambda i: random_bowls(i, 16), spread, 4, iterations=80)
    assert descend(bowls, four).mean() < descend(bowls, one).mean()


def network():
    return MAML(MLP([1, 8, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)


def test_groups_share_their_points_but_not_their_curves():
    tasks = {group: group_task(group, 3, 5) for group in GROUPS}
    line = tasks["lines"].support
    slope = (line.y[:, 1] - line.y[:, 0]) / (line.x[:, 1] - line.x[:, 0])
    expected = line.y[:, :1] + slope[:, None] * (line.x - line.x[:, :1])
    torch.testing.assert_close(line.y, expected, rtol=1e-4, atol=1e-3)
    assert torch.equal(tasks["waves"].support.y, Sinusoids(10, 10, "waves").batch(3, 5).support.y)
    with pytest.raises(ValueError, match="unknown group"):
        group_task("squares", 0, 1)


def test_without_validation_tasks_the_shares_stay():
    given = torch.tensor([0.5, 0.5, 0.0, 0.0])
    sampling = train_with_sampling(network(), None, blocks=2, block=2, shares=given)
    torch.testing.assert_close(sampling.shares, given.expand(2, 4))
    assert sampling.gradients == 0
    equal = train_with_sampling(network(), None, blocks=1, block=1)
    torch.testing.assert_close(equal.shares, torch.full((1, 4), 0.25))


def test_a_group_that_points_where_the_validation_does_is_favoured():
    learner, wanted = network(), group_task("lines", 10_000, 40)
    sampling = train_with_sampling(learner, wanted, blocks=6, block=5)
    assert sampling.shares[-1].argmax() == GROUPS.index("lines")
    assert sampling.gradients == 6 * (4 * 20 + 40)
    again = train_with_sampling(network(), wanted, blocks=6, block=5)
    assert torch.equal(again.shares, sampling.shares)


@pytest.mark.parametrize("loss", [F.mse_loss, lambda y, to: (y - to).clamp(-9, 9).square().mean()])
def test_compiled_or_not_it_learns_the_same(loss):
    wanted = group_task("lines", 10_000, 40)
    shares, weights = [], []
    for compiled in (False, True):
        learner = MAML(MLP([1, 8, 1]), loss, inner_lr=0.01, inner_steps=1)
        made = train_with_sampling(learner, wanted, blocks=2, block=2, compiled=compiled)
        shares.append(made.shares)
        weights.append(torch.cat([w.detach().flatten() for w in learner.parameters()]))
    torch.testing.assert_close(*shares, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(*weights, rtol=1e-4, atol=1e-5)
