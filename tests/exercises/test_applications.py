"""The checks of chapter 12 accept what is right, and name each likely mistake."""

import pytest
import torch

from metalearn_lab.exercises.applications import check_alarm_after, check_desk_answers
from metalearn_lab.exercises.verdict import NOTHING_YET


def parts(features, labels, new):
    intents = range(int(labels.max()) + 1)
    means = torch.stack([features[labels == c].mean(0) for c in intents])
    return -(torch.cdist(new, means) ** 2)


def desk_answers(features, labels, new, threshold):
    best, intent = parts(features, labels, new).max(1)
    return torch.where(best >= threshold, intent, -1)


def alarm_after(values, k, h):
    total = 0.0
    for count, value in enumerate(values, 1):
        total = max(0.0, total + value - k)
        if total >= h:
            return count
    return 0


def without_cut(values, k, h):
    total = 0.0
    for count, value in enumerate(values, 1):
        total += value - k
        if total >= h:
            return count
    return 0


def above(values, k, h):
    return alarm_after(values, k, h + 1e-9)


def one_less(values, k, h):
    count = alarm_after(values, k, h)
    return max(0, count - 1)


def nearest(features, labels, new, threshold):
    best, which = (-(torch.cdist(new, features) ** 2)).max(1)
    return torch.where(best >= threshold, labels[which], -1)


def turned(features, labels, new, threshold):
    best, intent = parts(features, labels, new).max(1)
    return torch.where(best < threshold, intent, -1)


def no_square(features, labels, new, threshold):
    best, intent = parts(features, labels, new).max(1)
    return torch.where(-((-best) ** 0.5) >= threshold, intent, -1)


def lowest(features, labels, new, threshold):
    best, intent = parts(features, labels, new).min(1)
    return torch.where(best >= threshold, intent, -1)


def test_the_right_answers_are_right():
    assert check_desk_answers(desk_answers).right
    assert check_alarm_after(alarm_after).right
    assert check_desk_answers(lambda *a: desk_answers(*a).int()).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda f, y, x, t: parts(f, y, x).argmax(1), "threshold is not asked"),
        (turned, "turn the comparison round"),
        (nearest, "not its nearest sentence"),
        (no_square, "no square"),
        (lowest, "not the lowest"),
        (lambda *a: desk_answers(*a).double(), "whole numbers"),
        (lambda *a: desk_answers(*a)[1:], "whole numbers"),
        (lambda *a: desk_answers(*a).tolist(), "whole numbers"),
        (lambda *a: desk_answers(*a) * 0, "another answer"),
    ],
)
def test_a_wrong_desk_is_told_why(answer, hint):
    verdict = check_desk_answers(answer)
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (without_cut, "cut the sum at 0"),
        (lambda v, k, h: alarm_after(v, 0, h), "allowance k is missing"),
        (lambda v, k, h: alarm_after(v, k, h) or None, "Nothing here yet"),
        (above, "reaches"),
        (one_less, "from 1"),
        (lambda v, k, h: 1, "yours after 1"),
        (lambda v, k, h: alarm_after(v, k, h) or len(v), "no alarm: 0"),
        (lambda v, k, h: float("nan"), "finite"),
        (lambda v, k, h: "3", "a number is asked for"),
    ],
)
def test_a_wrong_alarm_is_told_why(answer, hint):
    verdict = check_alarm_after(answer)
    assert not verdict.right
    assert hint in verdict.says, verdict.says


def test_nothing_is_no_answer():
    for check in (check_desk_answers, check_alarm_after):
        assert NOTHING_YET in check(None).says
