import pytest
import torch

from metalearn_lab.exercises.start_here import check_first_order_point, check_meta_gradient_by_hand
from metalearn_lab.exercises.verdict import NOTHING_YET


def by_hand(theta, curvature, centre, alpha):
    theta_1 = theta - alpha * curvature * (theta - centre)
    return (1 - alpha * curvature) * curvature * (theta_1 - centre)


def test_the_weighted_mean_is_right():
    assert check_first_order_point((-0.729 + 0.009) / 0.738).right
    assert check_first_order_point(-0.9756).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (-1.0, "that is MAML"),
        (0.8, "that is pretraining"),
        (0.573, "that is Reptile"),
        (0.9756, "the sign"),
        (-0.72, "divide by the sum"),
        (0.3, "the weights are"),
    ],
)
def test_another_number_is_recognised(answer, hint):
    verdict = check_first_order_point(answer)
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
    ],
)
def test_another_gradient_is_recognised(mistake, hint):
    verdict = check_meta_gradient_by_hand(mistake)
    assert not verdict.right
    assert hint in verdict.says


def test_no_answer_is_no_mistake():
    def stub(theta, curvature, centre, alpha):
        raise NotImplementedError("your turn")

    assert check_first_order_point(None).says.startswith(NOTHING_YET)
    assert check_meta_gradient_by_hand(stub).says.startswith(NOTHING_YET)
