"""The checks of chapter 13 accept what is right, and name each likely mistake."""

import pytest
import torch

from metalearn_lab.exercises.article_sketches import (
    check_learned_optimizer,
    check_score_without_o,
)
from metalearn_lab.exercises.verdict import NOTHING_YET
from metalearn_lab.experiments.article_sketches import REPORT, loss_along, micro_f1


def loss_of_four(loss, start, log_rates, steps):
    theta, total = start.clone().requires_grad_(), 0.0
    for _ in range(steps):
        (slope,) = torch.autograd.grad(loss(theta), theta, create_graph=True)
        theta = theta - log_rates.exp() * slope
        total = total + loss(theta)
    return total / steps


def first_order(loss, start, log_rates, steps):
    theta, total = start.clone().requires_grad_(), 0.0
    for _ in range(steps):
        (slope,) = torch.autograd.grad(loss(theta), theta, retain_graph=True)
        theta = theta - log_rates.exp() * slope
        total = total + loss(theta)
    return total / steps


def cut_between_steps(loss, start, log_rates, steps):
    theta, total = start.clone(), 0.0
    for _ in range(steps):
        theta = theta.detach().requires_grad_()
        (slope,) = torch.autograd.grad(loss(theta), theta)
        theta = theta - log_rates.exp() * slope
        total = total + loss(theta)
    return total / steps


def trace(loss, start, log_rates, steps, sign=-1, exp=True):
    theta = start.clone().requires_grad_()
    losses = [loss(theta)]
    for _ in range(steps):
        (slope,) = torch.autograd.grad(loss(theta), theta, create_graph=True)
        theta = theta + sign * (log_rates.exp() if exp else log_rates) * slope
        losses.append(loss(theta))
    return torch.stack(losses)


def score(precision, recall, support):
    true = [r * n for r, n in zip(recall, support, strict=True)]
    predicted = sum(t / p for t, p in zip(true, precision, strict=True))
    return 2 * sum(true) / (predicted + sum(support))


def score_in_tensors(precision, recall, support):
    p, r, n = (torch.tensor(each, dtype=torch.float64) for each in (precision, recall, support))
    micro_p, micro_r = (r * n).sum() / (r * n / p).sum(), (r * n).sum() / n.sum()
    return 2 / (1 / micro_p + 1 / micro_r)


def weighted(precision, recall, support):
    f1 = [2 * p * r / (p + r) for p, r in zip(precision, recall, strict=True)]
    return sum(f * n for f, n in zip(f1, support, strict=True)) / sum(support)


def test_the_right_answers_are_right():
    for answer in (loss_of_four, loss_along):
        assert check_learned_optimizer(answer).right, check_learned_optimizer(answer)
    for answer in (score, score_in_tensors):
        assert check_score_without_o(answer).right, check_score_without_o(answer)


def test_the_report_of_the_article_is_scored_alike():
    rows = [row for tag, row in REPORT.items() if tag != "O"]
    assert score(*zip(*rows, strict=True)) == pytest.approx(micro_f1(rows), abs=1e-12)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda f, s, r, t: trace(f, s, r, t, exp=False)[1:].mean(), "must be positive"),
        (lambda f, s, r, t: loss_of_four(f, s, r.mean(), t), "should be"),
        (lambda f, s, r, t: loss_of_four(f, s, r.exp().mean().log(), t), "its own rate"),
        (lambda f, s, r, t: trace(f, s, r, t, sign=1)[1:].mean(), "go up"),
        (lambda f, s, r, t: trace(f, s, r, t)[:-1].mean(), "before"),
        (lambda f, s, r, t: trace(f, s, r, t).mean(), "no rate can change"),
        (lambda f, s, r, t: trace(f, s, r, t)[-1], "last loss alone"),
        (lambda f, s, r, t: trace(f, s, r, t)[1:].sum(), "take their mean"),
        (lambda f, s, r, t: loss_of_four(f, s, r, t).detach(), "cut it off"),
        (lambda f, s, r, t: loss_of_four(f, s, r, t).item(), "return the tensor"),
        (first_order, "create_graph"),
        (cut_between_steps, "from step to step"),
        (lambda f, s, r, t: loss_of_four(f, s, r, t) + 0.1, "should be"),
    ],
)
def test_a_wrong_loss_is_named(wrong, hint):
    verdict = check_learned_optimizer(wrong)
    assert not verdict.right
    assert hint in verdict.says, verdict


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (
            lambda p, r, n: sum(2 * a * b / (a + b) for a, b in zip(p, r, strict=True)) / len(p),
            "rare tag",
        ),
        (weighted, "weighted by support"),
        (lambda p, r, n: sum(a * b for a, b in zip(r, n, strict=True)) / sum(n), "the recall;"),
        (
            lambda p, r, n: (
                sum(a * b for a, b in zip(r, n, strict=True))
                / sum(a * b / c for a, b, c in zip(r, n, p, strict=True))
            ),
            "the precision;",
        ),
        (lambda p, r, n: 100 * score(p, r, n), "percentage"),
        (lambda p, r, n: score(p, r, n) + 0.01, "should be"),
        (lambda p, r, n: 0.922, "should be"),
    ],
)
def test_a_wrong_score_is_named(wrong, hint):
    verdict = check_score_without_o(wrong)
    assert not verdict.right
    assert hint in verdict.says, verdict


def test_nothing_written_yet():
    for check in (check_learned_optimizer, check_score_without_o):
        assert check(None).says.startswith(NOTHING_YET)
