"""The check of the nDCG accepts what is right, and names each likely mistake."""

import math

import pytest
import torch
from sklearn.metrics import ndcg_score

from metalearn_lab.exercises.recommendation import check_my_ndcg
from metalearn_lab.exercises.verdict import NOTHING_YET


def discounted(gains, at):
    return sum(float(g) / math.log2(p + 2) for p, g in enumerate(gains[:at]))


def my_ndcg(relevance, scores, at):
    gains = 2.0**relevance - 1
    ranked = gains[scores.argsort(descending=True)]
    return discounted(ranked, at) / discounted(gains.sort(descending=True).values, at)


def by_library(relevance, scores, at):
    gains = (2**relevance - 1)[None].numpy()
    return torch.tensor(ndcg_score(gains, scores[None].numpy(), k=at))


def linear(relevance, scores, at):
    return ndcg_score(relevance[None].numpy(), scores[None].numpy(), k=at)


def dcg(relevance, scores, at):
    return discounted((2**relevance - 1)[scores.argsort(descending=True)], at)


def best_of_these(relevance, scores, at):
    ranked = (2**relevance - 1)[scores.argsort(descending=True)][:at]
    best = discounted(ranked.sort(descending=True).values, at)
    return discounted(ranked, at) / best if best else 0.0


def undiscounted(relevance, scores, at):
    gains = 2**relevance - 1
    best = gains.sort(descending=True).values
    return (gains[scores.argsort(descending=True)][:at].sum() / best[:at].sum()).item()


def late_discount(relevance, scores, at):
    def dcg(row):
        return sum(float(g) / max(1.0, math.log2(p)) for p, g in enumerate(row[:at], 1))

    gains = 2**relevance - 1
    return dcg(gains[scores.argsort(descending=True)]) / dcg(gains.sort(descending=True).values)


@pytest.mark.parametrize("answer", [my_ndcg, by_library])
def test_the_right_answers_are_right(answer):
    assert check_my_ndcg(answer).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (linear, "linear gain"),
        (dcg, "divide it by the DCG"),
        (best_of_these, "among all items"),
        (undiscounted, "counts alike"),
        (late_discount, "log₂ p"),
        (lambda r, s, at: my_ndcg(r, -s, at), "descending"),
        (lambda r, s, at: my_ndcg(r, s, len(r)), "all places count"),
        (lambda r, s, at: 0.3, "should be"),
        (lambda r, s, at: math.nan, "finite"),
        (lambda r, s, at: torch.ones(2), "a number is asked for"),
    ],
)
def test_wrong_answers_get_the_hint(answer, hint):
    verdict = check_my_ndcg(answer)
    assert not verdict.right
    assert hint in verdict.says


def test_no_answer_yet():
    assert NOTHING_YET in check_my_ndcg(None).says
