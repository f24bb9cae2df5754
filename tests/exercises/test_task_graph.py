"""The checks of chapter 19 accept what is right, and name each likely mistake."""

import pytest
import torch

from metalearn_lab.exercises.task_graph import check_my_task2vec_distance, check_my_warm_start
from metalearn_lab.exercises.verdict import NOTHING_YET
from metalearn_lab.experiments.task_similarity import cosine_distance, task2vec_distance


def distance_of_two(first, second):
    return task2vec_distance(first, second)


def by_hand(first, second):
    kept = first + second > 0
    a, b = first[kept], second[kept]
    a, b = a / (a + b), b / (a + b)
    return 1 - (a @ b) / (a @ a).sqrt() / (b @ b).sqrt()


def without_zeros(first, second):
    return cosine_distance(first / (first + second), second / (first + second))


def start_of_three(weights, distances, threshold):
    chosen = (distances <= threshold) | (distances == distances.min())
    return weights[chosen].mean(0)


def start_by_if(weights, distances, threshold):
    rows = [w for w, d in zip(weights, distances, strict=True) if d <= threshold]
    return torch.stack(rows).mean(0) if rows else weights[distances.argmin()]


def start_of(weights, chosen):
    return weights[chosen].mean(0) if chosen.any() else weights.mean(0) * 0


def test_the_right_answers_are_right():
    for answer in (distance_of_two, by_hand):
        assert check_my_task2vec_distance(answer).right, check_my_task2vec_distance(answer)
    for answer in (start_of_three, start_by_if):
        assert check_my_warm_start(answer).right, check_my_warm_start(answer)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, b: 1 - by_hand(a, b), "1 minus it"),
        (cosine_distance, "not divided"),
        (lambda a, b: by_hand(a / a.sum(), b / b.sum()), "number by number"),
        (lambda a, b: cosine_distance(a / (a + b), b), "second quotient"),
        (lambda a, b: ((a - b) / (a + b)).norm(), "length of a difference"),
        (without_zeros, "0 by 0"),
        (lambda a, b: by_hand(a, b) + 0.1 * (a - b).sum(), "should be"),
        (lambda a, b: by_hand(a, b).item(), "tensor"),
        (lambda a, b: torch.tensor(float("nan")), "finite"),
    ],
)
def test_a_wrong_distance_is_named(wrong, hint):
    verdict = check_my_task2vec_distance(wrong)
    assert not verdict.right
    assert hint in verdict.says, verdict


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda w, d, t: w[d <= t].mean(0), "mean over no rows"),
        (lambda w, d, t: start_of(w, d <= t), "start from the nearest"),
        (lambda w, d, t: start_of_three(w, d.where(d != t, 99.0), t), "at most, not below"),
        (lambda w, d, t: w[d.argmin()], "only the nearest"),
        (lambda w, d, t: start_of(w, d > t), "beyond"),
        (lambda w, d, t: w.mean(0), "all tasks"),
        (lambda w, d, t: start_of_three(w, d, t) * ((d <= t).sum()), "added up"),
        (lambda w, d, t: start_of_three(w, d, t) * (d <= t).sum() / len(d), "not of all"),
        (lambda w, d, t: (-d[d <= t]).softmax(0) @ w[d <= t], "count alike"),
        (lambda w, d, t: start_of_three(w, d, t)[1:], "shape"),
        (lambda w, d, t: start_of_three(w, d, t) + 1, "another one"),
    ],
)
def test_a_wrong_start_is_named(wrong, hint):
    verdict = check_my_warm_start(wrong)
    assert not verdict.right
    assert hint in verdict.says, verdict


def test_nothing_written_yet():
    for check in (check_my_task2vec_distance, check_my_warm_start):
        assert check(None).says.startswith(NOTHING_YET)
