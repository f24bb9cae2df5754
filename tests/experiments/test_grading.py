"""The human ceiling and the fits, on made-up ratings."""

import pytest
import torch
from sklearn.metrics import cohen_kappa_score

from metalearn_lab.experiments.grading import (
    draw_words,
    few_word_kappas,
    fit_grades,
    left_out_scores,
    predicted_kappa,
    rater_kappas,
    stretched,
)
from metalearn_lab.tasks.graded_answers import graded_answers
from metalearn_lab.tasks.rated_words import RatedWords
from tests.experiments.small_desk import encode

NUMBERS = torch.Generator().manual_seed(0)
X = torch.randn(120, 5, generator=NUMBERS).double()
TRUE = 1.6 * X[:, :1]
RATINGS = (TRUE + 0.8 * torch.randn(120, 10, generator=NUMBERS)).round().clamp(-4, 4).long()
RATED = RatedWords(tuple(f"word{i}" for i in range(120)), RATINGS)


def test_a_rater_is_compared_with_the_other_nine():
    kappas = rater_kappas(RATED)
    others = (RATINGS.sum(1) - RATINGS[:, 4]).double() / 9
    labels = range(-4, 5)
    theirs = cohen_kappa_score(
        RATINGS[:, 4], others.round().long(), labels=labels, weights="quadratic"
    )
    assert kappas[4].item() == pytest.approx(theirs, abs=1e-12)
    assert kappas.shape == (10,)


def test_predictions_are_judged_by_the_same_means():
    assert predicted_kappa(RATED, torch.zeros(120)) == pytest.approx(0, abs=1e-12)
    mean = RATINGS.double().mean(1)
    assert predicted_kappa(RATED, mean) > rater_kappas(RATED).max()


def test_the_fit_is_ridge_regression():
    targets = RATINGS.double().mean(1)
    fitted = fit_grades(X[:50], targets[:50], X[50:])
    x, centre = X[:50] - X[:50].mean(0), targets[:50].mean()
    gaps = []
    for penalty in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0):
        gram = x.T @ x + penalty * torch.eye(5).double()
        w = torch.linalg.solve(gram, x.T @ (targets[:50] - centre))
        gaps.append((centre + (X[50:] - X[:50].mean(0)) @ w - fitted).abs().max().item())
    assert min(gaps) < 1e-9


def test_stretching_keeps_the_order_and_the_mean():
    predicted, targets = torch.tensor([0.1, 0.3, 0.2]), torch.tensor([-2, 0, 2])
    wide = stretched(predicted, targets)
    assert wide.mean().item() == pytest.approx(0.2, abs=1e-6)
    assert wide.std().item() == pytest.approx(2.0, abs=1e-6)
    assert wide.argsort().tolist() == predicted.argsort().tolist()
    assert stretched(torch.ones(3), targets).tolist() == [1, 1, 1]


def test_always_the_mean_has_kappa_0_and_more_words_help():
    few, many = (few_word_kappas(RATED, X, shots, 0) for shots in (4, 80))
    assert few["always the mean"] == many["always the mean"] == 0
    assert many["ridge"] > few["ridge"]


def test_words_are_drawn_once_each():
    drawn = draw_words(RATED, 30, 1)
    assert len(set(drawn.words)) == 30
    row = RATED.words.index(drawn.words[7])
    assert drawn.ratings[7].tolist() == RATINGS[row].tolist()
    assert draw_words(RATED, 30, 2).words != drawn.words


def test_an_answer_is_scored_by_the_others_to_its_question():
    answers = graded_answers()[:18]
    scores = left_out_scores(answers, encode, lambda each: each.answer)
    others = [0, 1, 2, 4, 5, 6, 7, 8]
    x = encode([each.answer for each in answers])
    grades = torch.tensor([each.grade for each in answers])
    expected = fit_grades(x[others], grades[others], x[3:4])[0]
    assert scores[3].item() == pytest.approx(expected.item(), abs=1e-12)
    assert scores.shape == (18,)
