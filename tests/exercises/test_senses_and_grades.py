"""The check accepts every right form of kappa, and names each likely mistake."""

import math

import pytest
import torch
from sklearn.metrics import cohen_kappa_score

from metalearn_lab.exercises.senses_and_grades import check_frequent_sense, check_my_kappa
from metalearn_lab.exercises.verdict import NOTHING_YET


def my_kappa(given, true, grades):
    table = torch.zeros(grades, grades, dtype=torch.float64)
    for i, j in zip(given.tolist(), true.tolist(), strict=True):
        table[i, j] += 1
    levels = torch.arange(grades)
    weights = (levels[:, None] - levels) ** 2
    expected = table.sum(1)[:, None] * table.sum(0) / len(given)
    return 1 - ((weights * table).sum() / (weights * expected).sum()).item()


def without_a_table(given, true, grades):
    """The expected squared distance is that of all pairs of answers."""
    apart = ((given - true).double() ** 2).mean()
    by_chance = ((given[:, None] - true).double() ** 2).mean()
    return 1 - apart / by_chance


def by_library(given, true, grades):
    return float(cohen_kappa_score(given, true, labels=range(grades), weights="quadratic"))


def library_without_labels(given, true, grades):
    return float(cohen_kappa_score(given, true, weights="quadratic"))


@pytest.mark.parametrize("answer", [my_kappa, without_a_table, by_library, library_without_labels])
def test_the_right_answers_are_right(answer):
    verdict = check_my_kappa(answer)
    assert verdict.right, verdict


def weighted(weights, expected):
    def answer(given, true, grades):
        table = torch.zeros(grades, grades, dtype=torch.float64)
        table.index_put_((given, true), torch.ones(len(given)).double(), accumulate=True)
        levels = torch.arange(grades)
        w = weights((levels[:, None] - levels).abs().double())
        return 1 - ((w * table).sum() / (w * expected(table)).sum()).item()

    return answer


def independent(table):
    return table.sum(1)[:, None] * table.sum(0) / table.sum()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda g, t, n: (g == t).double().mean(), "this is the accuracy"),
        (weighted(lambda d: d, independent), "square them"),
        (weighted(lambda d: (d > 0).double(), independent), "0 and 1"),
        (weighted(lambda d: d**2, lambda t: t.sum() / t.numel()), "every cell"),
        (weighted(lambda d: d**2, lambda t: independent(t) * t.sum()), "not divided"),
        (lambda g, t, n: 1 - my_kappa(g, t, n), "1 less that"),
        (lambda g, t, n: 0.8, "should be"),
        (lambda g, t, n: my_kappa(g, g, n), "finite|should be"),
        (lambda g, t, n: math.nan, "finite"),
        (lambda g, t, n: torch.ones(2), "a number is asked for"),
    ],
)
def test_wrong_answers_get_the_hint(answer, hint):
    verdict = check_my_kappa(answer)
    assert not verdict.right
    assert any(each in verdict.says for each in hint.split("|")), verdict.says


def test_a_table_of_the_grades_that_were_given_is_too_small():
    def answer(given, true, grades):
        return my_kappa(given, true.clamp(max=int(given.max())), grades)

    assert not check_my_kappa(answer).right


FREQUENT = (0.82, 0.9, 0.9)


def test_the_three_accuracies():
    assert check_frequent_sense(FREQUENT).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ((82.0, 90.0, 90.0), "not per cent"),
        ((0.82, 0.9, 0.5), "running text"),
        ((0.9, 0.9, 0.9), "weigh each recall"),
        ((0.82, 0.82, 0.9), "mean of the two recalls"),
        ((0.98, 0.9, 0.9), "changed places"),
        ((0.1, 0.2, 0.3), "at least one"),
        ((0.82, 0.9), "3 numbers"),
        ((0.82, 0.9, math.nan), "finite"),
        (0.82, "3 numbers"),
    ],
)
def test_wrong_accuracies_get_the_hint(answer, hint):
    verdict = check_frequent_sense(answer)
    assert not verdict.right
    assert hint in verdict.says, verdict.says


@pytest.mark.parametrize("check", [check_my_kappa, check_frequent_sense])
def test_no_answer_yet(check):
    assert NOTHING_YET in check(None).says
