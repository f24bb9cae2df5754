"""A point looks for a goal in a square that it does not see; its rewards say how far it is.

The point starts in the middle. In each of ``HORIZON`` steps it moves by at most ``LIMIT`` in x and
in y, and is rewarded with minus its distance to the goal. Rewards are given per step: the mean over
the steps. After cbfinn/maml_rl, ``point_env_randgoal``, with fewer steps.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from metalearn_lab.tasks.seeds import generator

HALF_SIDE = 0.5
"""Goals are uniform in the square from minus this to this, in x and in y."""

LIMIT = 0.1
"""Of one step, in x and in y."""

HORIZON = 15
"""Steps of a walk."""

MEAN_NORM = (math.sqrt(2) + math.log(1 + math.sqrt(2))) / 3
"""Mean length of (u, v), where u and v are uniform from 0 to 1."""

CEILING = -MEAN_NORM * HALF_SIDE
"""The best expected reward per step without reading rewards: stand still in the middle."""


def goals(count: int, split: str, seed: int) -> Tensor:
    """Goals of a stream, ``[count, 2]`` on the CPU.

    Args:
        count: how many.
        split: name of the stream.
        seed: of the stream.
    """
    uniform = torch.rand(count, 2, generator=generator("goals", split, seed))
    return HALF_SIDE * (2 * uniform - 1)


def moved(place: Tensor, action: Tensor) -> Tensor:
    """Where a step ends, ``[..., 2]``: each coordinate moves by its action, at most ``LIMIT``."""
    return place + action.clamp(-LIMIT, LIMIT)


def rewards_of(places: Tensor, goal: Tensor) -> Tensor:
    """Minus the distance, ``[...]``.

    Args:
        places: ``[..., 2]``.
        goal: broadcast against them.
    """
    distance: Tensor = torch.linalg.vector_norm(places - goal, dim=-1)
    return -distance


def straight_places(goal: Tensor) -> Tensor:
    """Places of one who sees the goal: each as near to it as can be, ``[..., HORIZON, 2]``.

    Args:
        goal: ``[..., 2]``.
    """
    reach = LIMIT * torch.arange(1, HORIZON + 1, device=goal.device, dtype=goal.dtype)[:, None]
    return torch.minimum(torch.maximum(goal[..., None, :], -reach), reach)


def seen_goal_reward() -> float:
    """Expected reward per step of one who sees the goal: no policy can have more.

    After t steps the reachable square has the half side ``t · LIMIT``. Of each coordinate a goal
    outside of it leaves a rest, uniform from 0 to h; both coordinates are outside with chance q²,
    one with 2q(1 − q).
    """
    total = 0.0
    for step in range(1, HORIZON + 1):
        rest = max(0.0, HALF_SIDE - step * LIMIT)
        outside = rest / HALF_SIDE
        total += outside**2 * rest * MEAN_NORM + 2 * outside * (1 - outside) * rest / 2
    return -total / HORIZON
