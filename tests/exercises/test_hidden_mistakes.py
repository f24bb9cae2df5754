"""The checks of the mended loop, the slope and the episodes: right answers, and each mistake."""

import pytest
import torch

from metalearn_lab.exercises.hidden_mistakes import (
    check_episodes_needed,
    check_inner_loop,
    check_slope_error,
)


def mended(loss, theta, alpha, steps):
    for _ in range(steps):
        [g] = torch.autograd.grad(loss(theta), theta, create_graph=True)
        theta = theta - alpha * g
    return theta


def without_create_graph(loss, theta, alpha, steps):
    for _ in range(steps):
        [g] = torch.autograd.grad(loss(theta), theta)
        theta = theta - alpha * g
    return theta


def through_data(loss, theta, alpha, steps):
    for _ in range(steps):
        [g] = torch.autograd.grad(loss(theta), theta)
        theta.data -= alpha * g
    return theta


def in_place(loss, theta, alpha, steps):
    for _ in range(steps):
        [g] = torch.autograd.grad(loss(theta), theta, create_graph=True)
        theta -= alpha * g
    return theta


def cut_off(loss, theta, alpha, steps):
    return mended(loss, theta, alpha, steps).detach()


def new_leaf_each_step(loss, theta, alpha, steps):
    for _ in range(steps):
        theta = theta.detach().requires_grad_()
        [g] = torch.autograd.grad(loss(theta), theta, create_graph=True)
        theta = theta - alpha * g
    return theta


def data_of_a_clone(loss, theta, alpha, steps):
    theta = theta.clone()
    for _ in range(steps):
        [g] = torch.autograd.grad(loss(theta), theta, create_graph=True)
        theta.data -= alpha * g
    return theta


def one_step(loss, theta, alpha, steps):
    return mended(loss, theta, alpha, 1)


def upwards(loss, theta, alpha, steps):
    return mended(loss, theta, -alpha, steps)


def one_gradient(loss, theta, alpha, steps):
    [g] = torch.autograd.grad(loss(theta), theta, create_graph=True)
    return theta - steps * alpha * g


def curvature_of_the_start(loss, theta, alpha, steps):
    """Ends where it should, with the derivative of k steps at the start's curvature."""
    end = mended(loss, theta.detach().requires_grad_(), alpha, steps).detach()
    [g] = torch.autograd.grad(loss(theta), theta, create_graph=True)
    factor = torch.autograd.grad(theta - alpha * g, theta)[0] ** steps
    return end + factor * (theta - theta.detach())


def nowhere(loss, theta, alpha, steps):
    return theta * 2


def unfinished(*args):
    raise NotImplementedError("your turn")


INNER_LOOPS = {
    without_create_graph: "first-order MAML in disguise",
    through_data: "changed theta itself",
    in_place: "RuntimeError",
    cut_off: "cut off",
    new_leaf_each_step: "cut off",
    data_of_a_clone: "not through .data",
    one_step: "after one step",
    upwards: "up the gradient",
    one_gradient: "at the start",
    curvature_of_the_start: "curvature at the start",
    nowhere: "not where",
}


def test_the_mended_loop_is_right():
    verdict = check_inner_loop(mended)
    assert verdict.right, verdict


@pytest.mark.parametrize("loop", INNER_LOOPS, ids=lambda loop: loop.__name__)
def test_each_broken_loop_is_told_what_is_broken(loop):
    verdict = check_inner_loop(loop)
    assert not verdict.right
    assert INNER_LOOPS[loop] in verdict.says


def slope_error(loss, theta, gradient, d, h):
    slope = (loss(theta + h * d) - loss(theta - h * d)) / (2 * h)
    return ((d @ gradient - slope) / slope).abs()


def slope(loss, theta, d, h):
    return (loss(theta + h * d) - loss(theta - h * d)) / (2 * h)


def one_sided(loss, theta, gradient, d, h):
    forward = (loss(theta + h * d) - loss(theta)) / h
    return ((d @ gradient - forward) / forward).abs()


SLOPES = {
    "one-sided": one_sided,
    "divide the difference of the two losses by 2h": lambda loss, theta, g, d, h: (
        d @ g / (2 * slope(loss, theta, d, h)) - 1
    ).abs(),
    "the error is relative": lambda loss, theta, g, d, h: (d @ g - slope(loss, theta, d, h)).abs(),
    "not of the claimed one": lambda loss, theta, g, d, h: (
        1 - slope(loss, theta, d, h) / (d @ g)
    ).abs(),
    "no sign": lambda loss, theta, g, d, h: d @ g / slope(loss, theta, d, h) - 1,
    "sum of the products": lambda loss, theta, g, d, h: (
        g.sum() / slope(loss, theta, d, h) - 1
    ).abs(),
    "it should be": lambda loss, theta, g, d, h: 1e-9,
}


def test_the_slope_is_right_by_a_plain_number_too():
    assert check_slope_error(slope_error).right
    assert check_slope_error(lambda *given: float(slope_error(*given))).right


@pytest.mark.parametrize("hint", SLOPES)
def test_each_wrong_check_of_a_slope_has_its_hint(hint):
    verdict = check_slope_error(SLOPES[hint])
    assert not verdict.right
    assert hint in verdict.says


COUNTS = {
    "the root": lambda s, h: 1.96 * s / h,
    "one standard error": lambda s, h: (s / h) ** 2,
    "difference of two": lambda s, h: 2 * (1.96 * s / h) ** 2,
    "solve for n": lambda s, h: 100,
    "four times": lambda s, h: (1.96 * s) ** 2 / h,
}


def test_the_number_of_episodes_is_right_rounded_or_not():
    assert check_episodes_needed(lambda s, h: (1.96 * s / h) ** 2).right
    assert check_episodes_needed(lambda s, h: int((1.96 * s / h) ** 2) + 1).right


@pytest.mark.parametrize("hint", COUNTS)
def test_each_wrong_number_of_episodes_has_its_hint(hint):
    verdict = check_episodes_needed(COUNTS[hint])
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize("sneaky", [int, lambda n: int(n) - 1, lambda n: 1.01 * n + 1])
def test_a_number_of_episodes_that_is_rounded_down_or_too_large_is_not_right(sneaky):
    assert not check_episodes_needed(lambda s, h: sneaky((1.96 * s / h) ** 2)).right


def test_no_answer_yet():
    for verdict in (
        check_inner_loop(unfinished),
        check_slope_error(unfinished),
        check_episodes_needed(unfinished),
    ):
        assert not verdict.right
        assert verdict.says.startswith("Nothing here yet")
