"""The saved table of chapter 20 is whole, and its starts earn what the table's kind earns."""

import pytest
import torch

from metalearn_lab.comparison.navigation import (
    BUDGETS,
    METHODS,
    SHOWN,
    SHOWN_LR,
    goal_grid,
    means_over_seeds,
    read_rewards,
    read_starts,
)
from metalearn_lab.experiments.navigation import rewards_along, start_policy
from metalearn_lab.tasks.navigation import CEILING, seen_goal_reward

TABLE = read_rewards()


def test_each_method_has_five_trainings_for_each_number_of_steps():
    count = TABLE.groupby(["method", "steps"]).seed.nunique()
    assert set(count.index) == {(method, steps) for method in METHODS for steps in BUDGETS}
    assert (count == 5).all()
    rates = TABLE.groupby(["method", "steps"])[["inner_lr", "outer_lr"]].nunique()
    assert (rates == 1).all(axis=None)
    assert TABLE.before.max() < CEILING + 0.002, "the grid has 256 goals; no start knows the goal"
    assert TABLE.after.max() < seen_goal_reward()


def test_the_grid_stands_for_the_square():
    goal = goal_grid()
    assert -goal.norm(dim=1).mean().item() == pytest.approx(CEILING, abs=1e-3)
    assert goal.mean(0) == pytest.approx(torch.zeros(2), abs=1e-6)


def test_the_table_of_means_has_a_row_for_each_method():
    shown = means_over_seeds(TABLE)
    assert list(shown.index) == list(METHODS)
    own = TABLE[(TABLE.method == "usual") & (TABLE.steps == 1)]
    assert shown.loc["usual", ("after 1 step", "reward")].startswith(f"{own.after.mean():.3f}")


def test_saved_starts_adapt():
    starts = read_starts()
    assert set(starts) == set(SHOWN)
    assert torch.equal(starts["from scratch"]["w1"], start_policy(0)["w1"])
    numbers = torch.Generator().manual_seed(0)
    along = rewards_along(starts["usual"], goal_grid(), SHOWN_LR, 1, numbers).mean(0)
    assert along[1] > CEILING + 0.15
