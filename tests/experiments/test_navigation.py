"""Walks, the gradient of REINFORCE, the inner step, and the kinds of meta-gradient."""

import pytest
import torch

from metalearn_lab.experiments.goal_search import (
    best_place,
    best_walk_reward,
    fitted_goal,
    straight_reward,
)
from metalearn_lab.experiments.navigation import (
    KINDS,
    NOISE,
    Walks,
    adapt,
    advantages,
    drawn_noise,
    for_each_goal,
    inner_step,
    log_prob,
    mean_action,
    meta_surrogate,
    reward_without_noise,
    rewards_along,
    start_policy,
    surrogate,
    train_policy,
    walk,
)
from metalearn_lab.experiments.navigation_gradients import compared, meta_gradients
from metalearn_lab.tasks.navigation import CEILING, HORIZON, LIMIT, goals, seen_goal_reward


def policy_of(count, scale=1.0, seed=0):
    weights = {name: weight.double() for name, weight in start_policy(seed).items()}
    weights["w2"] = scale * weights["w2"]
    return for_each_goal(weights, count)


def walks_of(policy, goal, walks=6, seed=0):
    numbers = torch.Generator().manual_seed(seed)
    return walk(policy, goal, drawn_noise(len(goal), numbers, goal, walks))


def test_a_walk_is_what_its_actions_say():
    goal = goals(3, "test", 0).double()
    policy = policy_of(3, scale=50)
    read = walks_of(policy, goal)
    place = torch.zeros(3, 6, 2).double()
    for step in range(HORIZON):
        assert read.places[:, :, step] == pytest.approx(place)
        place = place + read.actions[:, :, step].clamp(-LIMIT, LIMIT)
        expected = -((place - goal[:, None]) ** 2).sum(-1).sqrt()
        assert read.rewards[:, :, step] == pytest.approx(expected)


def test_the_policy_is_a_network_with_one_hidden_layer():
    policy, place = policy_of(2, scale=30), torch.randn(2, 5, 2).double()
    for i in range(2):
        w1, b1, w2, b2 = (policy[name][i] for name in ("w1", "b1", "w2", "b2"))
        expected = LIMIT * torch.tanh(torch.tanh(place[i] @ w1 + b1) @ w2 + b2)
        assert mean_action(policy, place)[i] == pytest.approx(expected)


def test_the_log_density_is_that_of_a_normal():
    goal = goals(2, "test", 1).double()
    policy = policy_of(2, scale=30)
    read = walks_of(policy, goal)
    mean = torch.stack([mean_action(policy, read.places[:, :, t]) for t in range(HORIZON)], 2)
    normal = torch.distributions.Normal(mean, NOISE).log_prob(read.actions).sum(-1)
    own = log_prob(policy, read)
    assert (normal - own).std() == pytest.approx(0.0, abs=1e-9)


def test_advantages_are_those_of_two_loops():
    rewards = torch.randn(2, 3, 4).double()
    expected = torch.zeros_like(rewards)
    for g, i, t in torch.cartesian_prod(*map(torch.arange, rewards.shape)).tolist():
        others = [rewards[g, j, t:].sum() for j in range(3) if j != i]
        expected[g, i, t] = rewards[g, i, t:].sum() - sum(others) / 2
    assert advantages(rewards) == pytest.approx(expected)


def test_reinforce_has_the_gradient_of_the_reward_per_step():
    """Its mean over many walks is the derivative through the walks themselves."""
    goal = torch.tensor([[0.3, -0.2]]).double()
    weight = policy_of(1, scale=20)["b2"].clone().requires_grad_()
    policy = {**policy_of(1, scale=20), "b2": weight}
    noise = drawn_noise(1, torch.Generator().manual_seed(3), goal, 8000)
    through = walk(policy, goal, noise)
    (exact,) = torch.autograd.grad(through.rewards.mean(), weight)
    read = Walks(*(part.detach() for part in through))
    parts = []
    for first in range(0, 8000, 400):
        few = Walks(*(part[:, first : first + 400] for part in read))
        (slope,) = torch.autograd.grad(surrogate(policy, few).sum(), weight)
        parts.append(slope)
    parts = torch.stack(parts)
    error = parts.std(0) / len(parts) ** 0.5
    assert ((parts.mean(0) - exact).abs() < 4 * error).all()
    assert (exact.abs() > 6 * error).any()


def test_an_inner_step_moves_each_goal_by_its_own_gradient():
    goal = goals(2, "test", 2).double()
    policy = policy_of(2, scale=20)
    read = walks_of(policy, goal)
    stepped = inner_step(policy, read, 0.5)
    for i in range(2):
        alone = {
            name: weight[i : i + 1].clone().requires_grad_() for name, weight in policy.items()
        }
        own = Walks(*(part[i : i + 1] for part in read))
        slopes = torch.autograd.grad(surrogate(alone, own).sum(), list(alone.values()))
        for (name, weight), slope in zip(alone.items(), slopes, strict=True):
            assert stepped[name][i].detach() == pytest.approx((weight + 0.5 * slope)[0].detach())


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_gives_a_finite_gradient(kind):
    start = {k: v.double().requires_grad_() for k, v in start_policy(0).items()}
    goal = goals(5, "test", 4).double()
    total, reward = meta_surrogate(start, goal, 0.3, kind, torch.Generator().manual_seed(0))
    assert reward.shape == (5,)
    slopes = torch.autograd.grad(total, list(start.values()))
    assert all(slope.isfinite().all() for slope in slopes)
    assert any(slope.abs().max() > 0 for slope in slopes)


def test_the_exact_gradient_is_that_of_finite_differences():
    """The noise stays the same, so the reward after the step is a function of θ."""
    base = {k: v.double() for k, v in start_policy(0).items()}
    base["w2"] = 20 * base["w2"]
    goal = goals(4, "test", 5).double()

    def reward(shift):
        start = {**base, "b2": base["b2"] + shift}
        start = {name: weight.requires_grad_() for name, weight in start.items()}
        numbers = torch.Generator().manual_seed(1)
        total, _ = meta_surrogate(start, goal, 0.5, "exact", numbers)
        return total, start

    total, start = reward(torch.zeros(2).double())
    (slope,) = torch.autograd.grad(total, start["b2"])
    for i in range(2):
        step = torch.zeros(2).double()
        step[i] = 1e-6
        difference = (reward(step)[0] - reward(-step)[0]).item() / 2e-6
        assert slope[i].item() == pytest.approx(difference, rel=1e-4, abs=1e-7)


def test_the_score_term_has_the_mean_of_the_exact_gradient_and_the_usual_has_not():
    start = start_policy(0)
    exact = meta_gradients(start, 0.3, "exact", 20, 0)
    true = exact.mean(0)
    ahead = true / true.norm()  # one number: the part along the exact gradient
    along = {"exact": exact @ ahead}
    for kind, draws in {"usual": 15, "with score term": 60}.items():
        along[kind] = meta_gradients(start, 0.3, kind, draws, 0) @ ahead
    error = {kind: (each.std() / len(each) ** 0.5).item() for kind, each in along.items()}
    mean = {kind: each.mean().item() for kind, each in along.items()}
    both = (error["exact"] ** 2 + error["with score term"] ** 2) ** 0.5
    assert abs(mean["with score term"] - mean["exact"]) < 4 * both
    assert abs(mean["usual"] - mean["exact"]) > 10 * (error["exact"] + error["usual"])


def test_a_gradient_compared_with_itself():
    gradients = torch.randn(30, 8).double() + 1
    same = compared(gradients, gradients)
    assert same[:2] == pytest.approx((1.0, 1.0))
    assert compared(-2 * gradients, gradients)[:2] == pytest.approx((-1.0, 2.0))


def test_training_beats_the_ceiling_and_stays_below_one_who_sees_the_goal():
    start, rewards = train_policy("usual", inner_lr=1.0, outer_lr=0.02, iterations=30)
    assert len(rewards) == 30
    goal = goals(60, "test", 6)
    along = rewards_along(start, goal, 1.0, 2, torch.Generator().manual_seed(0)).mean(0)
    assert CEILING + 0.05 < along[1] < seen_goal_reward()
    assert along[0] < CEILING + 0.05


def test_adapting_leaves_the_start_as_it_is():
    start = start_policy(0)
    before = {name: weight.clone() for name, weight in start.items()}
    goal = goals(2, "test", 7)
    noises = [drawn_noise(2, torch.Generator().manual_seed(i), goal) for i in range(2)]
    policies = adapt(start, goal, 0.5, noises)
    assert len(policies) == 3
    assert all(torch.equal(start[name], before[name]) for name in start)
    first = inner_step(for_each_goal(start, 2), walk(policies[0], goal, noises[0]), 0.5)
    assert policies[1]["w2"] == pytest.approx(first["w2"].detach())


def test_another_kind_is_refused():
    with pytest.raises(ValueError, match="kind is one of"):
        train_policy("dice", inner_lr=1.0, outer_lr=0.1, iterations=1)


def test_searches_find_what_they_should():
    goal = goals(40, "test", 8)
    read = walks_of(for_each_goal(start_policy(0), 40), goal, walks=20)
    assert fitted_goal(read) == pytest.approx(goal, abs=1e-4)
    few = Walks(*(part[:, :1, :3] for part in read))
    assert fitted_goal(few) == pytest.approx(goal, abs=5e-3)
    ends = (read.places[:, :, 1:]).flatten(1, 2)  # all but the last places
    place = best_place(read)
    nearest = (ends - goal[:, None]).norm(dim=-1).min(1).values
    assert ((place - goal).norm(dim=-1) <= nearest + 1e-6).all()
    assert best_walk_reward(read) == pytest.approx(read.rewards.mean(2).max(1).values)
    assert straight_reward(goal, goal).mean() == pytest.approx(seen_goal_reward(), abs=0.01)
    assert straight_reward(torch.zeros_like(goal), goal) == pytest.approx(-goal.norm(dim=-1))
    still = {name: 0 * weight for name, weight in for_each_goal(start_policy(0), 40).items()}
    assert reward_without_noise(still, goal) == pytest.approx(-goal.norm(dim=-1))
    with pytest.raises(ValueError, match="three places"):
        fitted_goal(Walks(*(part[:, :1, :2] for part in read)))
