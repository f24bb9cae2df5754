"""The checks accept what is right and name each likely mistake."""

import pytest
import torch

from metalearn_lab.exercises.adaptation_lab import (
    check_episodes_needed,
    check_inner_loop,
    check_linear_cka,
    check_mean_alpha,
)
from metalearn_lab.experiments.representation_similarity import linear_cka


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


def centred(a):
    return a - a.mean(0)


def strength(a, b):
    return (a.T @ b).square().sum()


def right_cka(a, b):
    a, b = centred(a), centred(b)
    return strength(a, b) / (strength(a, a) * strength(b, b)).sqrt()


def uncentred_cka(a, b):
    return strength(a, b) / (strength(a, a) * strength(b, b)).sqrt()


SIMILARITIES = {
    "square root": lambda a, b: right_cka(a, b).sqrt(),
    "centre each feature": uncentred_cka,
    "over the items": lambda a, b: uncentred_cka(a - a.mean(1, keepdim=True), centred(b)),
    "adding a constant": lambda a, b: uncentred_cka(a - a.mean(), b - b.mean()),
    "squared, and divided": lambda a, b: right_cka(a, b) / strength(centred(a), centred(b)).sqrt(),
    "doubling A": lambda a, b: strength(centred(a), centred(b)),
    "turning A": lambda a, b: right_cka(a[:, :1], b),
    "it should be": lambda a, b: right_cka(a, b) / 2,
}


def test_linear_cka_is_right_by_hand_and_in_the_package():
    assert check_linear_cka(right_cka).right
    assert check_linear_cka(linear_cka).right


@pytest.mark.parametrize("hint", SIMILARITIES)
def test_each_wrong_similarity_is_told_which_property_it_lacks(hint):
    verdict = check_linear_cka(SIMILARITIES[hint])
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


@pytest.mark.parametrize(
    ("answer", "says"),
    [(0.0004, "other way round"), (0.05, "5 ways, 5 shots"), (0.01, "how many times")],
)
def test_each_wrong_alpha_has_its_hint(answer, says):
    verdict = check_mean_alpha(answer)
    assert not verdict.right
    assert says in verdict.says


def test_the_right_alpha_is_right():
    assert check_mean_alpha(0.25).right


def test_no_answer_yet():
    for verdict in (
        check_inner_loop(unfinished),
        check_linear_cka(unfinished),
        check_episodes_needed(unfinished),
        check_mean_alpha(None),
    ):
        assert not verdict.right
        assert verdict.says.startswith("Nothing here yet")
