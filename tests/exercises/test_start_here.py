import pytest
import torch

from metalearn_lab.exercises.start_here import (
    check_best_start,
    check_bowls_meta_loss,
    check_meta_gradient_by_hand,
)
from metalearn_lab.exercises.verdict import NOTHING_YET


def by_hand(theta, curvature, centre, alpha):
    theta_1 = theta - alpha * curvature * (theta - centre)
    return (1 - alpha * curvature) * curvature * (theta_1 - centre)


def bowls_meta_loss(theta, curvatures, centres, alpha, steps):
    return after_steps(theta, curvatures, centres, alpha, steps) / len(curvatures)


def after_steps(theta, curvatures, centres, alpha, steps, chained=False, last=None):
    """The sum of the losses, with two of the likely mistakes."""
    total, here = 0.0, theta
    for curvature, centre in zip(curvatures[:last], centres, strict=False):
        here = here if chained else theta
        for _ in range(steps):
            here = here - alpha * curvature * (here - centre)
        total += curvature / 2 * (here - centre) ** 2
    return total


@pytest.mark.parametrize("answer", [-0.32 / 2.24, -0.14, -0.143, -0.1429])
def test_the_best_start_is_right_to_two_decimals_or_more(answer):
    assert check_best_start(answer).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (0.5, "that is pretraining"),
        (0.2, "is squared"),
        (0.1429, "the sign"),
        (-0.32, "divide by the sum"),
        (-0.6, "lack the factor a"),
        (-0.1, "two decimals"),
        (-0.15, "two decimals"),
        (0.9, "the weights are"),
    ],
)
def test_another_start_is_recognised(answer, hint):
    verdict = check_best_start(answer)
    assert not verdict.right
    assert hint in verdict.says


def test_the_meta_loss_is_right_also_as_a_tensor():
    assert check_bowls_meta_loss(bowls_meta_loss).right
    assert check_bowls_meta_loss(lambda *each: torch.tensor(bowls_meta_loss(*each)).double()).right


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        (lambda t, a, c, r, k: bowls_meta_loss(t, a, c, r, 0), "before the steps"),
        (after_steps, "take the mean"),
        (lambda t, a, c, r, k: bowls_meta_loss(t, a, c, r, 1), "only one step"),
        (lambda t, a, c, r, k: bowls_meta_loss(t, a, c, r, k + 1), "one step too many"),
        (lambda t, a, c, r, k: after_steps(t, a, c, r, k, last=1), "only the first bowl"),
        (lambda *all_: after_steps(*all_, chained=True) / len(all_[1]), "Begin each at theta"),
        (lambda *all_: 2 * bowls_meta_loss(*all_), "½ is missing"),
        (lambda t, a, c, r, k: bowls_meta_loss(t, a, c, -r, k), "uphill"),
        (lambda t, a, c, r, k: round(bowls_meta_loss(t, a, c, r, k), 2), "and yours"),
        (lambda t, a, c, r, k: bowls_meta_loss(t, a, c, 0.1, k), "and yours"),
        (lambda t, a, c, r, k: bowls_meta_loss(t, a, [-1, 1, 0, 0], r, k), "and yours"),
    ],
)
def test_another_meta_loss_is_recognised(mistake, hint):
    verdict = check_bowls_meta_loss(mistake)
    assert not verdict.right
    assert hint in verdict.says


def test_the_gradient_through_the_step_is_right_also_as_a_tensor():
    assert check_meta_gradient_by_hand(by_hand).right
    assert check_meta_gradient_by_hand(lambda *each: torch.tensor(by_hand(*each))).right


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        (lambda t, a, c, r: a * (t - r * a * (t - c) - c), "1 − αa is missing"),
        (lambda t, a, c, r: a * (t - c), "gradient at θ"),
        (lambda t, a, c, r: -by_hand(t, a, c, r), "the sign"),
        (lambda t, a, c, r: 0.0, "it is (1 − αa) times"),
        (lambda t, a, c, r: abs(1 - r * a) * (1 - r * a) * a * (t - c), "it is (1 − αa) times"),
        (lambda t, a, c, r: max(0, 1 - r * a) ** 2 * a * (t - c), "it is (1 − αa) times"),
        (lambda t, a, c, r: by_hand(t, a, c, 0.1), "it is (1 − αa) times"),
    ],
)
def test_another_gradient_is_recognised(mistake, hint):
    verdict = check_meta_gradient_by_hand(mistake)
    assert not verdict.right
    assert hint in verdict.says


def test_no_answer_is_no_mistake():
    def stub(*_):
        raise NotImplementedError("your turn")

    assert check_best_start(None).says.startswith(NOTHING_YET)
    assert check_bowls_meta_loss(stub).says.startswith(NOTHING_YET)
    assert check_meta_gradient_by_hand(stub).says.startswith(NOTHING_YET)
