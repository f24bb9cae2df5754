"""The checks of chapter 11 accept what is right, and name each likely mistake."""

import pytest
import torch

from metalearn_lab.evaluation.forgetting import transfer_scores
from metalearn_lab.exercises.streams import check_meta_leader, check_transfer_scores
from metalearn_lab.exercises.verdict import NOTHING_YET


def leader(curvatures, centres, inner_lr, inner_steps):
    weights = curvatures * (1 - inner_lr * curvatures) ** (2 * inner_steps)
    return (weights * centres).cumsum(0) / weights.cumsum(0)


def leader_in_a_loop(curvatures, centres, inner_lr, inner_steps):
    points = []
    for t in range(1, len(curvatures) + 1):
        a, c = curvatures[:t], centres[:t]
        w = a * (1 - inner_lr * a).pow(inner_steps).pow(2)
        points.append((w @ c) / w.sum())
    return torch.stack(points)


def four(table, baseline):
    return torch.tensor(transfer_scores(table, baseline), dtype=torch.float64)


def by_hand(table, baseline):
    tasks = len(table)
    last = table[-1]
    back = sum(last[i] - table[i, i] for i in range(tasks - 1)) / (tasks - 1)
    ahead = sum(table[i - 1, i] - baseline[i] for i in range(1, tasks)) / (tasks - 1)
    lost = sum(table[: tasks - 1, i].max() - last[i] for i in range(tasks - 1)) / (tasks - 1)
    return torch.stack([last.mean(), back, ahead, lost])


def with_score(index, function):
    def answer(table, baseline):
        scores = four(table, baseline)
        scores[index] = function(table, baseline)
        return scores

    return answer


def test_the_right_answers_are_right():
    for answer in (leader, leader_in_a_loop):
        assert check_meta_leader(answer).right, check_meta_leader(answer)
    for answer in (four, by_hand):
        assert check_transfer_scores(answer).right, check_transfer_scores(answer)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, c, lr, k: leader(a, c, 0.0, k), "training on everything"),
        (lambda a, c, lr, k: leader(a, c, lr, k / 2), "exponent is 2k: the step"),
        (lambda a, c, lr, k: leader(a, c, lr, 1), "does not grow"),
        (lambda a, c, lr, k: leader(torch.ones_like(a), c, lr, k), "plain mean"),
        (lambda a, c, lr, k: leader(a, c, lr, k)[-1:].expand(len(a)), "first t only"),
        (lambda a, c, lr, k: c, "newest centre"),
        (lambda a, c, lr, k: leader(a, c, lr, k) / a, "should be"),
        (lambda a, c, lr, k: leader(a, c, lr, k)[-1], "has shape"),
    ],
)
def test_a_wrong_leader_is_named(wrong, hint):
    verdict = check_meta_leader(wrong)
    assert not verdict.right
    assert hint in verdict.says, verdict


def test_weights_without_the_curvature_are_named():
    def without_a(a, c, inner_lr, k):
        weights = (1 - inner_lr * a) ** (2 * k)
        return (weights * c).cumsum(0) / weights.cumsum(0)

    assert "lack the factor a" in check_meta_leader(without_a).says


@pytest.mark.parametrize(
    ("index", "wrong", "hint"),
    [
        (0, lambda r, b: r.mean(), "the last row"),
        (0, lambda r, b: r.diagonal().mean(), "the diagonal"),
        (0, lambda r, b: r[:, -1].mean(), "last column"),
        (1, lambda r, b: (r.diagonal() - r[-1])[:-1].mean(), "wrong sign"),
        (1, lambda r, b: (r[-1] - r.diagonal()).mean(), "T − 1"),
        (2, lambda r, b: r.diagonal(1).mean(), "lacks the baseline"),
        (2, lambda r, b: (r.diagonal(1) - b[:-1]).mean(), "task before"),
        (2, lambda r, b: (r.diagonal(-1) - b[1:]).mean(), "below the diagonal"),
        (3, lambda r, b: (r[-1, :-1] - r[:-1, :-1].max(0).values).mean(), "wrong sign"),
        (3, lambda r, b: 5.0, "should be"),
    ],
)
def test_a_wrong_score_is_named(index, wrong, hint):
    verdict = check_transfer_scores(with_score(index, wrong))
    assert not verdict.right
    assert hint in verdict.says, verdict


def test_the_best_may_not_be_looked_for_in_the_last_row():
    def wrong(table, baseline):
        return (table[:, :-1].max(0).values - table[-1, :-1]).mean()

    verdict = check_transfer_scores(with_score(3, wrong))
    assert not verdict.right


def test_nothing_written_yet():
    for check in (check_meta_leader, check_transfer_scores):
        assert check(None).says.startswith(NOTHING_YET)
