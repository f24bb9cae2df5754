"""The checks accept what is right, and name each likely mistake."""

import math

import pytest
import torch
from sklearn.metrics import ndcg_score

from metalearn_lab.exercises.recommendation import check_my_ndcg, check_new_user_ratings
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


def own_part(features, rated, targets, penalty):
    x = features[rated]
    gram = x.T @ x + penalty * torch.eye(x.shape[1]).double()
    return features @ torch.linalg.solve(gram, x.T @ targets)


def new_user_ratings(features, popularity, rated, ratings, penalty):
    rest = ratings - popularity[rated]
    return popularity + own_part(features, rated, rest, penalty)


def by_least_squares(features, popularity, rated, ratings, penalty):
    x, width = features[rated], features.shape[1]
    rows = torch.cat([x, penalty**0.5 * torch.eye(width).double()])
    targets = torch.cat([ratings - popularity[rated], torch.zeros(width).double()])
    return popularity + features @ torch.linalg.lstsq(rows, targets[:, None]).solution[:, 0]


def by_similar_items(features, popularity, rated, ratings, penalty):
    """The dual form: a system of K equations."""
    x = features[rated]
    gram = x @ x.T + penalty * torch.eye(len(rated)).double()
    return popularity + features @ x.T @ torch.linalg.solve(gram, ratings - popularity[rated])


@pytest.mark.parametrize("answer", [new_user_ratings, by_least_squares, by_similar_items])
def test_every_form_of_the_ridge_fit_is_right(answer):
    verdict = check_new_user_ratings(answer)
    assert verdict.right, verdict


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda f, p, i, r, c: p.clone(), "popularity alone"),
        (lambda f, p, i, r, c: p + own_part(f, i, r, c), "not the ratings themselves"),
        (lambda f, p, i, r, c: own_part(f, i, r - p[i], c), "add the popularity"),
        (lambda f, p, i, r, c: own_part(f, i, r, c), "popularity is missing"),
        (
            lambda f, p, i, r, c: p + f @ torch.linalg.pinv(f[i]) @ (r - p[i]),
            "penalty is missing",
        ),
        (lambda f, p, i, r, c: new_user_ratings(f, p, i, r, c * len(i)), "not averaged"),
        (lambda f, p, i, r, c: p - own_part(f, i, r - p[i], c), "sign is turned"),
        (lambda f, p, i, r, c: new_user_ratings(f, p, i, r, 1.0), "off by up to"),
        (lambda f, p, i, r, c: new_user_ratings(f, p, i, r, c)[i], "has shape"),
        (lambda f, p, i, r, c: new_user_ratings(f, p, i, r, c) * math.nan, "not finite"),
        (lambda f, p, i, r, c: 3.0, "floating-point tensor"),
    ],
)
def test_wrong_fits_get_the_hint(answer, hint):
    verdict = check_new_user_ratings(answer)
    assert not verdict.right
    assert hint in verdict.says


def test_a_fit_that_fails_without_ratings_is_not_right():
    def needs_a_rating(features, popularity, rated, ratings, penalty):
        offset = 0 * ratings.mean()
        return offset + new_user_ratings(features, popularity, rated, ratings, penalty)

    assert "not finite" in check_new_user_ratings(needs_a_rating).says


@pytest.mark.parametrize("check", [check_my_ndcg, check_new_user_ratings])
def test_no_answer_yet(check):
    assert NOTHING_YET in check(None).says
