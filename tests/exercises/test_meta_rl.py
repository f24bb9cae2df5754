"""The checks of chapter 20 accept what is right, and name each likely mistake."""

import pytest
import torch

from metalearn_lab.exercises.meta_rl import check_my_advantages, check_my_meta_surrogate
from metalearn_lab.exercises.verdict import NOTHING_YET


def to_go(rewards):
    return rewards.flip(1).cumsum(1).flip(1)


def weights(rewards):
    sums = to_go(rewards)
    return sums - (sums.sum(0) - sums) / (len(sums) - 1)


def weights_in_loops(rewards):
    walks, steps = rewards.shape
    result = torch.zeros_like(rewards)
    for i in range(walks):
        for t in range(steps):
            others = [rewards[j, t:].sum() for j in range(walks) if j != i]
            result[i, t] = rewards[i, t:].sum() - sum(others) / len(others)
    return result


def whole(after, rewards, log_before):
    count = len(rewards)
    gain = (rewards - rewards.mean()) * count / (count - 1)
    return (after + gain.detach() * log_before.sum((1, 2))).mean()


def whole_by_exp(after, rewards, log_before):
    """The factor of DiCE: its value is 1, its gradient that of the log-density."""
    others = (rewards.sum() - rewards) / (len(rewards) - 1)
    chance = log_before.sum((1, 2))
    return (after + (rewards - others).detach() * (chance - chance.detach()).exp()).mean()


def others_removed(values):
    return (values - values.mean(0)) * len(values) / (len(values) - 1)


def gain_of(rewards):
    return others_removed(rewards).detach()


def test_the_right_answers_are_right():
    for answer in (weights, weights_in_loops):
        assert check_my_advantages(answer).right, check_my_advantages(answer)
    for answer in (whole, whole_by_exp):
        assert check_my_meta_surrogate(answer).right, check_my_meta_surrogate(answer)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda r: others_removed(r.sum(1, keepdim=True).expand(r.shape)), "whole walk"),
        (lambda r: others_removed(r.cumsum(1)), "first step on"),
        (lambda r: weights(r) - others_removed(r), "step itself"),
        (others_removed, "single rewards"),
        (to_go, "still to be subtracted"),
        (lambda r: to_go(r) - to_go(r).mean(1, keepdim=True), "over the steps"),
        (lambda r: to_go(r) - weights(r), "walk's own"),
        (lambda r: to_go(r) - to_go(r).mean(0), "holds the walk itself"),
        (lambda r: 2 * weights(r), "by hand"),
        (lambda r: weights(r)[0], "shape"),
    ],
)
def test_a_wrong_advantage_is_named(wrong, hint):
    verdict = check_my_advantages(wrong)
    assert not verdict.right
    assert hint in verdict.says, verdict


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, r, g: a.mean(), "score term is missing"),
        (lambda a, r, g: whole(a, r, g) - a.mean(), "score term alone"),
        (lambda a, r, g: (a + others_removed(r) * g.sum((1, 2))).mean(), "`detach`"),
        (lambda a, r, g: (a + r.detach() * g.sum((1, 2))).mean(), "no baseline"),
        (
            lambda a, r, g: (a + (r - r.mean()).detach() * g.sum((1, 2))).mean(),
            "holds the goal itself",
        ),
        (lambda a, r, g: (a + gain_of(r) * g.mean((1, 2))).mean(), "not a mean"),
        (lambda a, r, g: (a - gain_of(r) * g.sum((1, 2))).mean(), "wrong sign"),
        (lambda a, r, g: whole(a, r, g) * len(a), "take their mean"),
        (lambda a, r, g: whole(a, r, g).detach(), "no graph"),
        (lambda a, r, g: whole(a, r, g).item(), "return the tensor"),
        (lambda a, r, g: whole(a, r, g.exp()), "Which factor"),
    ],
)
def test_a_wrong_surrogate_is_named(wrong, hint):
    verdict = check_my_meta_surrogate(wrong)
    assert not verdict.right
    assert hint in verdict.says, verdict


def test_nothing_written_yet():
    for check in (check_my_advantages, check_my_meta_surrogate):
        assert check(None).says.startswith(NOTHING_YET)
