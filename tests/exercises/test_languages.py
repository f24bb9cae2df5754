"""The checks accept what is right, and name each likely mistake."""

import pytest
import torch

from metalearn_lab.exercises.languages import check_my_mrr, check_pulled_ridge
from metalearn_lab.exercises.verdict import NOTHING_YET


def pulled(x, y, prior, penalty):
    inside = x.T @ x + penalty * torch.eye(x.shape[1], dtype=x.dtype)
    return prior + torch.linalg.solve(inside, x.T @ (y - x @ prior))


def by_dual(x, y, prior, penalty):
    inside = x @ x.T + penalty * torch.eye(len(x), dtype=x.dtype)
    return prior + x.T @ torch.linalg.solve(inside, y - x @ prior)


def plain(x, y, prior, penalty):
    return pulled(x, y, torch.zeros_like(prior), penalty)


def ranks(scores, right):
    order = scores.argsort(1, descending=True)
    return 1 + (order == right[:, None]).int().argmax(1)


def my_mrr(scores, right):
    return (1 / ranks(scores, right)).mean().item()


@pytest.mark.parametrize("answer", [pulled, by_dual])
def test_right_weights_are_right(answer):
    assert check_pulled_ridge(answer).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (plain, "plain ridge"),
        (lambda x, y, prior, penalty: prior, "prior itself"),
        (lambda x, y, prior, penalty: pulled(x, y, prior, penalty) - prior, "added to the prior"),
        (lambda x, y, prior, penalty: prior + plain(x, y, prior, penalty), "explains already"),
        (lambda x, y, prior, penalty: pulled(x, y, prior, len(x) * penalty), "not averaged"),
        (lambda x, y, prior, penalty: pulled(x, y, -prior, penalty), "sign is turned"),
        (lambda x, y, prior, penalty: 2 * pulled(x, y, prior, penalty), "off by up to"),
    ],
)
def test_likely_mistakes_in_the_weights_are_named(answer, hint):
    verdict = check_pulled_ridge(answer)
    assert not verdict.right
    assert hint in verdict.says


def test_a_penalty_that_forgets_the_prior_is_named():
    def forgets(x, y, prior, penalty):
        inside = x.T @ x + penalty * torch.eye(x.shape[1], dtype=x.dtype)
        return torch.linalg.solve(inside, x.T @ y + prior)

    assert "λ · prior" in check_pulled_ridge(forgets).says


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda s, r: (ranks(s, r) == 1).float().mean(), "recall@1"),
        (lambda s, r: 1 / ranks(s, r).float().mean(), "mean rank"),
        (lambda s, r: ranks(s, r).float().mean(), "1/rank before"),
        (lambda s, r: (1 / (1 + ranks(s, r))).mean(), "begin at 1"),
        (lambda s, r: my_mrr(-s, r), "from the lowest"),
        (lambda s, r: (1 / ranks(s, r)).sum(), "not the sum"),
        (lambda s, r: 0.123, "should be"),
    ],
)
def test_likely_mistakes_in_the_rank_are_named(answer, hint):
    verdict = check_my_mrr(answer)
    assert not verdict.right
    assert hint in verdict.says


def test_a_right_rank_is_right():
    assert check_my_mrr(my_mrr).right


@pytest.mark.parametrize("check", [check_pulled_ridge, check_my_mrr])
def test_nothing_written_is_said(check):
    assert NOTHING_YET in check(lambda *_: None).says
