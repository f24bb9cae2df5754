"""The ceiling without adaptation, and the reward of one who sees the goal, by quadrature."""

import math

import pytest
import torch
from scipy.integrate import dblquad

from metalearn_lab.tasks.navigation import (
    CEILING,
    HALF_SIDE,
    HORIZON,
    LIMIT,
    MEAN_NORM,
    goals,
    moved,
    rewards_of,
    seen_goal_reward,
    straight_places,
)


def mean_distance(x, y):
    """From a place to a goal of the square."""
    value, _ = dblquad(
        lambda b, a: math.hypot(a - x, b - y), -HALF_SIDE, HALF_SIDE, -HALF_SIDE, HALF_SIDE
    )
    return value


def test_the_ceiling_is_minus_the_mean_distance_to_the_middle():
    assert pytest.approx(-0.382598, abs=5e-7) == CEILING
    assert -mean_distance(0, 0) == pytest.approx(CEILING, abs=1e-7)
    assert pytest.approx(-2 * CEILING) == MEAN_NORM


def test_no_other_place_is_better_on_average():
    for x, y in ((0.02, 0.0), (0.0, -0.1), (0.2, 0.2), (-0.5, 0.5)):
        there, mirrored = mean_distance(x, y), mean_distance(-x, -y)
        assert there == pytest.approx(mirrored, abs=1e-6)
        assert there > -CEILING


def test_the_reward_of_one_who_sees_the_goal():
    total = 0.0
    for step in range(1, HORIZON + 1):
        reach = min(step * LIMIT, HALF_SIDE)

        def rest(b, a, reach=reach):
            return math.hypot(max(a - reach, 0.0), max(b - reach, 0.0))

        value, _ = dblquad(rest, 0, HALF_SIDE, 0, HALF_SIDE, epsabs=1e-6)
        total += 4 * value  # of four equal quarters
    assert -total / HORIZON == pytest.approx(seen_goal_reward(), abs=1e-5)


def test_the_straight_way_is_made_of_steps_and_no_other_way_is_nearer():
    goal = goals(50, "test", 0).double()
    path = straight_places(goal)
    before = torch.cat([torch.zeros_like(path[:, :1]), path[:, :-1]], 1)
    assert (path - before).abs().max() <= LIMIT + 1e-12
    best = rewards_of(path, goal[:, None])
    place = torch.zeros(50, 200, 2, dtype=torch.float64)  # 200 walks that choose as they like
    draw = torch.Generator().manual_seed(0)
    for step in range(HORIZON):
        aim = goal[:, None] - place
        place = moved(place, aim + 0.1 * torch.randn(place.shape, generator=draw).double())
        assert (rewards_of(place, goal[:, None]) <= best[:, step, None] + 1e-12).all()


def test_goals_lie_in_the_square_and_have_addresses():
    drawn = goals(1000, "test", 3)
    assert drawn.abs().max() <= HALF_SIDE
    assert drawn.abs().max() > 0.49
    assert torch.equal(drawn, goals(1000, "test", 3))
    assert not torch.equal(drawn, goals(1000, "train", 3))
