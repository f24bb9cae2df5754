"""The checks of chapter 07 accept what is right and name each likely mistake."""

import pytest
import torch
from torch.func import functional_call
from torch.nn import functional as F

from metalearn_lab.exercises.learned_rates import check_hypergradient_descent, check_meta_sgd_loss


def descend(gradient, theta, first_rate, kappa, steps):
    rate, last = first_rate, gradient(theta)
    for _ in range(steps):
        theta = theta - rate * last
        now = gradient(theta)
        rate, last = rate + kappa * (now @ last), now
    return theta


def with_itself(gradient, theta, first_rate, kappa, steps):
    rate = first_rate
    for _ in range(steps):
        theta = theta - rate * gradient(theta)
        rate = rate + kappa * (gradient(theta) @ gradient(theta))
    return theta


def rate_for_each(gradient, theta, first_rate, kappa, steps):
    rate, last = first_rate, gradient(theta)
    for _ in range(steps):
        theta = theta - rate * last
        now = gradient(theta)
        rate, last = rate + kappa * now * last, now
    return theta


def rate_first(gradient, theta, first_rate, kappa, steps):
    last = gradient(theta)
    rate = first_rate + kappa * (last @ last)
    for _ in range(steps):
        theta = theta - rate * last
        now = gradient(theta)
        rate, last = rate + kappa * (now @ last), now
    return theta


DESCENTS = {
    "must *grow*": lambda g, t, a, k, n: descend(g, t, a, -k, n),
    "has not moved": lambda g, t, a, k, n: descend(g, t, a, 0.0, n),
    "not of one with itself": with_itself,
    "moves the one rate": rate_for_each,
    "taken with α_0": rate_first,
    "go up the gradient": lambda g, t, a, k, n: descend(g, t, -a, k, n),
    "take all the steps": lambda g, t, a, k, n: descend(g, t, a, k, 1),
    "not where": lambda g, t, a, k, n: descend(g, t, 2 * a + 0.3, k, n),
    "finite": lambda g, t, a, k, n: t * float("nan"),
    "shape": lambda g, t, a, k, n: t[:1],
}


def test_hypergradient_descent_is_right():
    verdict = check_hypergradient_descent(descend)
    assert verdict.right, verdict


@pytest.mark.parametrize("hint", DESCENTS)
def test_each_wrong_descent_has_its_hint(hint):
    verdict = check_hypergradient_descent(DESCENTS[hint])
    assert not verdict.right
    assert hint in verdict.says, verdict


def after_a_step(model, rates, support, query, *, graph=True, sign=1, change=lambda rate: rate):
    theta = dict(model.named_parameters())
    loss = F.mse_loss(functional_call(model, theta, (support.x,)), support.y)
    slopes = torch.autograd.grad(loss, list(theta.values()), create_graph=graph)
    moved = {
        name: weight - sign * change(rates[name]) * slope
        for (name, weight), slope in zip(theta.items(), slopes, strict=True)
    }
    return F.mse_loss(functional_call(model, moved, (query.x,)), query.y)


def meta_sgd(model, rates, support, query):
    return after_a_step(model, rates, support, query)


def variant(**changed):
    return lambda *given: after_a_step(*given, **changed)


LOSSES = {
    "*support* set": lambda m, r, s, q: after_a_step(m, r, s, s),
    "judged on the query set": lambda m, r, s, q: after_a_step(m, r, q, s),
    "goes up": variant(sign=-1),
    "element by element": variant(change=torch.mean),
    "no step was taken": lambda m, r, s, q: F.mse_loss(m(q.x), q.y),
    "is not L_Q": variant(sign=2),
    "cut off": lambda *given: after_a_step(*given).detach(),
    "no gradient reaches the rates": variant(change=torch.Tensor.detach),
    "create_graph=True": variant(graph=False),
    "not a plain number": lambda *given: after_a_step(*given).item(),
    "finite": lambda *given: after_a_step(*given) * float("nan"),
}


def test_the_loss_of_meta_sgd_is_right():
    verdict = check_meta_sgd_loss(meta_sgd)
    assert verdict.right, verdict


@pytest.mark.parametrize("hint", LOSSES)
def test_each_wrong_loss_has_its_hint(hint):
    verdict = check_meta_sgd_loss(LOSSES[hint])
    assert not verdict.right
    assert hint in verdict.says, verdict
