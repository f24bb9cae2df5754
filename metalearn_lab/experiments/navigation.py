"""REINFORCE as inner step: a policy walks, reads its rewards, and takes steps of α.

A policy is a network of one hidden layer with weights of its own for each goal. An action is normal
around its output, with a fixed standard deviation. The meta-gradient comes in four kinds:

- ``first order``: the inner gradients are constants.
- ``usual``: differentiated through the inner gradient, with the walks as they were drawn.
- ``with score term``: also by how θ changes which walks are drawn (Stadie and others 2018, E-MAML).
- ``exact``: through the walks themselves, as a function of θ and of the noise of the actions. Only
  who can differentiate the world can have it. It estimates the same as ``with score term``,
  with far less noise.

and ``joint`` trains the policy without any inner step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.navigation import HORIZON, LIMIT, goals, moved, rewards_of
from metalearn_lab.tasks.seeds import generator

KINDS = ("joint", "first order", "usual", "with score term", "exact")
NOISE = 0.05
"""Standard deviation of an action around the policy's output."""

HIDDEN = 32
WALKS = 20
"""That an inner step reads."""

GOALS = 20
"""Of an outer step, if nothing else is said."""

Policy = Mapping[str, Tensor]
"""By name a weight, with a leading axis of goals."""


class Walks(NamedTuple):
    """What was done and what it brought; axes are goals, walks, steps.

    Attributes:
        places: before each step, ``[goals, walks, HORIZON, 2]``.
        actions: as drawn, before they are clipped; the same shape.
        rewards: ``[goals, walks, HORIZON]``.
    """

    places: Tensor
    actions: Tensor
    rewards: Tensor


def start_policy(seed: int, device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """Weights of one policy, whose outputs are near 0; without an axis of goals."""
    numbers = generator("navigation policy", seed)
    shapes = {"w1": (2, HIDDEN), "b1": (HIDDEN,), "w2": (HIDDEN, 2), "b2": (2,)}
    scales = {"w1": 1.0, "b1": 0.0, "w2": 0.01, "b2": 0.0}
    drawn = {k: scales[k] * torch.randn(v, generator=numbers) for k, v in shapes.items()}
    return {name: weight.to(device) for name, weight in drawn.items()}


def for_each_goal(start: Policy, count: int) -> dict[str, Tensor]:
    """The same weights for every goal."""
    return {name: weight.expand(count, *weight.shape) for name, weight in start.items()}


def mean_action(policy: Policy, places: Tensor) -> Tensor:
    """What the policy does at places ``[goals, n, 2]``, without noise: the same shape."""
    hidden = torch.tanh(torch.baddbmm(policy["b1"][:, None], places, policy["w1"]))
    return LIMIT * torch.tanh(torch.baddbmm(policy["b2"][:, None], hidden, policy["w2"]))


def walk(policy: Policy, goal: Tensor, noise: Tensor) -> Walks:
    """Walks from the middle; a function of the policy with a graph, if the policy has one.

    Args:
        policy: weights for each goal.
        goal: ``[goals, 2]``.
        noise: added to the actions, ``[goals, walks, HORIZON, 2]``.
    """
    place, places, actions = torch.zeros_like(noise[:, :, 0]), [], []
    for step in range(noise.shape[2]):
        action = mean_action(policy, place) + noise[:, :, step]
        places.append(place)
        actions.append(action)
        place = moved(place, action)
    ends = torch.stack([*places[1:], place], 2)
    rewards = rewards_of(ends, goal[:, None, None])
    return Walks(torch.stack(places, 2), torch.stack(actions, 2), rewards)


def drawn_noise(count: int, numbers: torch.Generator, like: Tensor, walks: int = WALKS) -> Tensor:
    """Noise of ``count`` goals, on the device of ``like``."""
    noise = torch.randn(count, walks, HORIZON, 2, generator=numbers)
    return NOISE * noise.to(like)


def log_prob(policy: Policy, walks: Walks) -> Tensor:
    """Log-density of every action, but for a constant, ``[goals, walks, HORIZON]``."""
    mean = mean_action(policy, walks.places.flatten(1, 2)).view_as(walks.actions)
    return -((walks.actions - mean) ** 2).sum(-1) / (2 * NOISE**2)


def advantages(rewards: Tensor) -> Tensor:
    """Return-to-go minus its mean over the *other* walks of the goal: so no bias, the same shape.

    Args:
        rewards: ``[goals, walks, HORIZON]``, with two walks or more.
    """
    to_go = rewards.flip(-1).cumsum(-1).flip(-1)
    walks = rewards.shape[1]
    return (to_go - to_go.mean(1, keepdim=True)) * walks / (walks - 1)


def surrogate(policy: Policy, walks: Walks) -> Tensor:
    """A number for each goal, ``[goals]``; its gradient estimates that of the reward per step."""
    return (log_prob(policy, walks) * advantages(walks.rewards)).mean((1, 2))


def inner_step(policy: Policy, walks: Walks, inner_lr: float, *, keep: bool = False) -> Policy:
    """A step of REINFORCE up the reward, for each goal on its own.

    Args:
        policy: weights for each goal.
        walks: drawn with them.
        inner_lr: α.
        keep: the graph, to differentiate the step twice.
    """
    with torch.enable_grad():
        if not keep:
            policy = {name: weight.detach().requires_grad_() for name, weight in policy.items()}
        read = {name: weight.clone() for name, weight in policy.items()}  # the walks stay fixed
        total = surrogate(read, walks).sum()
        slopes = torch.autograd.grad(total, list(read.values()), create_graph=keep)
    return {
        name: weight + inner_lr * slope
        for (name, weight), slope in zip(policy.items(), slopes, strict=True)
    }


def adapt(start: Policy, goal: Tensor, inner_lr: float, noises: Sequence[Tensor]) -> list[Policy]:
    """Policies after 0, …, k steps for each goal; without a graph.

    Args:
        start: θ.
        goal: ``[goals, 2]``.
        inner_lr: α.
        noises: of the walks before each step, as for ``walk``.
    """
    with one_thread():
        policy: Policy = for_each_goal({k: w.detach() for k, w in start.items()}, len(goal))
        policies = [policy]
        for noise in noises:
            stepped = inner_step(policies[-1], walk(policies[-1], goal, noise), inner_lr)
            policies.append({name: weight.detach() for name, weight in stepped.items()})
        return policies


def meta_surrogate(
    start: Policy, goal: Tensor, inner_lr: float, kind: str, numbers: torch.Generator
) -> tuple[Tensor, Tensor]:
    """A number whose gradient is the meta-gradient of this kind, and the rewards after the step.

    The baseline of the score term is the reward of standing still in the middle, plus the mean of
    the other goals over theirs. It does not depend on the goal's own walks.

    Args:
        start: θ, with ``requires_grad``.
        goal: ``[goals, 2]``.
        inner_lr: α.
        kind: of ``KINDS``.
        numbers: that draw the walks.

    Raises:
        ValueError: another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is one of {KINDS}, got {kind!r}")
    count = len(goal)
    before = for_each_goal(start, count)
    policy: Policy = before
    with torch.set_grad_enabled(kind == "exact"):
        first = walk(before, goal, drawn_noise(count, numbers, goal))
    if kind != "joint":
        policy = inner_step(before, first, inner_lr, keep=True)
    if kind == "first order":
        policy = {name: old + (policy[name] - old).detach() for name, old in before.items()}
    with torch.set_grad_enabled(kind == "exact"):
        after = walk(policy, goal, drawn_noise(count, numbers, goal))
    reward = after.rewards.mean((1, 2))
    total = reward if kind == "exact" else surrogate(policy, after)
    if kind == "with score term":
        gain = reward + goal.norm(dim=-1)
        gain = (gain - gain.mean()) * count / (count - 1)
        total = total + gain * log_prob(before, first).sum((1, 2))
    return total.mean(), reward


@one_thread()
def train_policy(
    kind: str,
    *,
    inner_lr: float,
    outer_lr: float,
    iterations: int = 150,
    goals_per_step: int = GOALS,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> tuple[dict[str, Tensor], list[float]]:
    """A start by Adam, and the reward per step after the inner step in each iteration.

    Args:
        kind: of ``KINDS``.
        inner_lr: α.
        outer_lr: β.
        iterations: outer steps.
        goals_per_step: of an outer step.
        seed: of weights, goals and walks.
        device: where it is computed.
    """
    start = {name: w.requires_grad_() for name, w in start_policy(seed, device).items()}
    optimizer = torch.optim.Adam(start.values(), outer_lr, maximize=True)
    numbers, rewards = generator("navigation walks", seed), []
    stream = goals(iterations * goals_per_step, "train", seed).to(device)
    for goal in torch.split(stream, goals_per_step):
        total, reward = meta_surrogate(start, goal, inner_lr, kind, numbers)
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        rewards.append(reward.mean())
    return {k: w.detach() for k, w in start.items()}, torch.stack(rewards).tolist()


@torch.no_grad()
def reward_without_noise(policy: Policy, goal: Tensor) -> Tensor:
    """Reward per step of one walk without noise, ``[goals]``."""
    noise = torch.zeros(len(goal), 1, HORIZON, 2, device=goal.device)
    return walk(policy, goal, noise).rewards.mean((1, 2))


def rewards_along(
    start: Policy, goal: Tensor, inner_lr: float, steps: int, numbers: torch.Generator
) -> Tensor:
    """Reward per step without noise after 0, …, k inner steps, ``[goals, k + 1]``.

    Args:
        start: θ.
        goal: ``[goals, 2]``.
        inner_lr: α.
        steps: k; each reads ``WALKS`` new walks.
        numbers: that draw them.
    """
    noises = [drawn_noise(len(goal), numbers, goal) for _ in range(steps)]
    policies = adapt(start, goal, inner_lr, noises)
    return torch.stack([reward_without_noise(policy, goal) for policy in policies], 1)
