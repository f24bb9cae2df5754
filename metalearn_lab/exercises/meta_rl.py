"""Self-checks of chapter 20: the advantages of REINFORCE, and the surrogate with the score term."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Refused, Verdict, judged, self_check
from metalearn_lab.tasks.seeds import generator

Advantages = Callable[[Tensor], Tensor]
"""Rewards of walks to the weight of each action."""

MetaSurrogate = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Surrogates and rewards after the step, and log-densities before it, to one number."""


@self_check
def check_my_advantages(answer: Advantages) -> Verdict:
    """Check the return-to-go minus its mean over the other walks."""
    return judged(
        "Each action is judged by what came after it, against the other walks.",
        (_advantage_mistake(answer, seed) for seed in range(3)),
    )


@self_check
def check_my_meta_surrogate(answer: MetaSurrogate) -> Verdict:
    """Check the gradient of the surrogate in all that it is computed from."""
    return judged(
        "Its gradient has both parts: through the step, and through the chance of the walks.",
        (_surrogate_mistake(answer, seed) for seed in range(3)),
    )


def _advantages(rewards: Tensor, way: str = "") -> Tensor:
    """The right advantages, or those of a likely mistake."""
    walks, steps = rewards.shape
    to_go = rewards.flip(1).cumsum(1).flip(1)
    if way == "return":
        to_go = rewards.sum(1, keepdim=True).expand(walks, steps)
    if way == "so far":
        to_go = rewards.cumsum(1)
    if way == "after":
        to_go = to_go - rewards
    if way == "reward":
        to_go = rewards
    if way == "none":
        return to_go
    if way == "over steps":
        return to_go - to_go.mean(1, keepdim=True)
    if way == "of others":
        return (to_go.sum(0) - to_go) / (walks - 1)
    centred = to_go - to_go.mean(0)
    return centred if way == "all" else centred * walks / (walks - 1)


_ADVANTAGE_MISTAKES = {
    "return": "every action gets the reward of the whole walk; count from its own step on.",
    "so far": "these are sums from the first step on; sum from each step to the last one.",
    "after": "the reward of the step itself is missing from the return-to-go.",
    "reward": "these are single rewards; sum them from each step to the last one.",
    "none": "this is the return-to-go; the mean of the other walks is still to be subtracted.",
    "over steps": "the mean is over the steps; take it over the other walks, for each step.",
    "of others": "this is the mean of the others; subtract it from the walk's own return-to-go.",
    "all": "the mean holds the walk itself; take it over the others.",
}


def _advantage_mistake(answer: Advantages, seed: int) -> str | None:
    numbers = generator("advantage exercise", seed)
    rewards = -torch.rand(3 + seed, 5 + seed, generator=numbers, dtype=torch.float64)
    given = tensor(answer(rewards), rewards.shape)
    likely = {hint: _advantages(rewards, way) for way, hint in _ADVANTAGE_MISTAKES.items()}
    other = "some advantages are not right. Try it on two walks of two steps, by hand."
    return describe_mistake(given, _advantages(rewards), likely, other)


def _surrogate(after: Tensor, rewards: Tensor, log_before: Tensor, way: str = "") -> Tensor:
    """The right surrogate, or one with a likely mistake."""
    count, chance = len(rewards), log_before.sum((1, 2))
    if way == "mean of the log":
        chance = log_before.mean((1, 2))
    gain = (rewards - rewards.mean()) * count / (count - 1)
    if way == "all":
        gain = rewards - rewards.mean()
    if way == "no baseline":
        gain = rewards
    if way == "sign":
        gain = -gain
    if way != "not detached":
        gain = gain.detach()
    if way == "usual":
        return after.mean()
    if way == "score alone":
        return (gain * chance).mean()
    total = after + gain * chance
    return total.sum() if way == "sum" else total.mean()


_SURROGATE_MISTAKES = {
    "usual": "this is the usual surrogate; the score term is missing.",
    "score alone": "this is the score term alone; add it to the usual surrogate.",
    "not detached": "the gradient also goes through the rewards: `detach` their gain.",
    "no baseline": "the rewards have no baseline: subtract the mean of the other goals.",
    "all": "the baseline holds the goal itself; take the mean over the other goals.",
    "mean of the log": "the log-density of all walks is a sum over walks and steps, not a mean.",
    "sign": "the score term has the wrong sign: a high reward makes its walks more likely.",
    "sum": "the goals are added up; take their mean.",
}


def _slopes(total: Tensor, given: tuple[Tensor, ...]) -> Tensor:
    found = torch.autograd.grad(total, given, allow_unused=True, materialize_grads=True)
    return torch.cat([each.flatten() for each in found])


def _surrogate_mistake(answer: MetaSurrogate, seed: int) -> str | None:
    numbers, count = generator("surrogate exercise", seed), 4 + seed
    shapes = ((count,), (count,), (count, 3, 2 + seed))
    given = tuple(
        torch.randn(shape, generator=numbers, dtype=torch.float64).requires_grad_()
        for shape in shapes
    )
    a, b, c = given
    returned: object = answer(a, b, c)
    if not isinstance(returned, Tensor):
        raise Refused("return the tensor, not a plain number: the gradient must go through it.")
    total = tensor(returned, ())
    if not total.requires_grad:
        return "the number has no graph: only the gain is to be detached."
    exact = _slopes(_surrogate(a, b, c), given)
    likely = {
        hint: _slopes(_surrogate(a, b, c, way), given) for way, hint in _SURROGATE_MISTAKES.items()
    }
    other = "its gradient is not right. Which factor of each product has a graph?"
    return describe_mistake(_slopes(total, given), exact, likely, other, smallest_scale=1e-3)
