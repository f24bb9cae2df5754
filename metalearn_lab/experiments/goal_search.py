"""Cheap searches for the goal: no network, the same walks as an inner step reads."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.experiments.navigation import Walks
from metalearn_lab.tasks.navigation import moved, rewards_of, straight_places


def best_walk_reward(walks: Walks) -> Tensor:
    """Reward per step of doing the best of the walks again, ``[goals]``.

    It reads one number of each walk, its total reward. The world has no noise, so the same actions
    bring the same.
    """
    return walks.rewards.mean(-1).max(1).values


def best_place(walks: Walks) -> Tensor:
    """Of all places visited, that with the highest reward, ``[goals, 2]``."""
    ends = moved(walks.places, walks.actions).flatten(1, 2)
    best = walks.rewards.flatten(1).argmax(1)
    return ends[torch.arange(len(ends), device=ends.device), best]


def fitted_goal(walks: Walks) -> Tensor:
    """The goal by least squares, ``[goals, 2]``; it knows that a reward is minus a distance.

    A place p and its reward r give ``2 p·g − |g|² = |p|² − r²``: linear in g and in ``|g|²``. Three
    places that do not lie in one line are enough.

    Raises:
        ValueError: fewer than three places.
    """
    ends = moved(walks.places, walks.actions).flatten(1, 2).double()
    if ends.shape[1] < 3:
        raise ValueError(f"three places or more determine the goal, got {ends.shape[1]}")
    left = torch.cat([2 * ends, -torch.ones_like(ends[..., :1])], -1)
    right = (ends**2).sum(-1) - walks.rewards.flatten(1).double() ** 2
    solved: Tensor = torch.linalg.lstsq(left, right[..., None]).solution[..., 0]
    return solved[:, :2].to(walks.rewards)


def straight_reward(place: Tensor, goal: Tensor) -> Tensor:
    """Reward per step of going straight to a place and staying, ``[goals]``.

    Args:
        place: ``[goals, 2]``.
        goal: ``[goals, 2]``.
    """
    return rewards_of(straight_places(place), goal[:, None]).mean(-1)
