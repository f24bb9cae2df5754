"""The checks accept what is right, name each likely mistake, and wait for what is not there."""

import re

import pytest
import torch
from torch.func import functional_call
from torch.nn import functional as F

from metalearn_lab.exercises.maml import (
    check_largest_rate,
    check_settled,
    check_two_step_gradient,
)
from metalearn_lab.exercises.maml_loss import check_maml_loss
from metalearn_lab.exercises.verdict import NOTHING_YET


def by_autograd(theta, a, c, b, d, alpha, *, sign=1.0):
    start = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    theta_j = start
    for _ in range(2):
        loss = a / 2 * (theta_j - c) ** 2
        [g] = torch.autograd.grad(loss, theta_j, create_graph=True)
        theta_j = theta_j - alpha * g
    [gradient] = torch.autograd.grad(b / 2 * (theta_j - d) ** 2, start)
    return sign * gradient.item()


def by_hand(factors, at):
    """The gradient with so many factors, and the query gradient after so many steps."""

    def gradient(theta, a, c, b, d, alpha):
        for _ in range(at):
            theta = theta - alpha * a * (theta - c)
        return (1 - alpha * a) ** factors * b * (theta - d)

    return gradient


def unfinished(*args):
    raise NotImplementedError("your turn")


def test_the_gradient_by_autograd_and_by_hand_are_right():
    assert check_two_step_gradient(by_autograd).right
    assert check_two_step_gradient(by_hand(2, 2)).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (by_hand(0, 2), "first-order gradient"),
        (by_hand(1, 2), "a factor .* is missing"),
        (by_hand(4, 2), "too many factors"),
        (by_hand(2, 0), "taken at θ;"),
        (by_hand(2, 1), "taken at θ₁"),
        (lambda *given: by_autograd(*given, sign=-1.0), "points downhill"),
        (lambda *given: 17.0, "find θ₁ and θ₂ first"),
        (lambda theta: theta, "TypeError"),
    ],
)
def test_a_wrong_gradient_gets_its_hint(answer, hint):
    verdict = check_two_step_gradient(answer)
    assert not verdict.right
    assert re.search(hint, verdict.says), verdict.says


def maml_loss(
    model, support, query, alpha, steps, *, graph=True, detach=False, sign=1, extra=0, last=True
):
    theta = dict(model.named_parameters())
    for _ in range(steps + extra):
        loss = F.mse_loss(functional_call(model, theta, (support.x,)), support.y)
        gradients = torch.autograd.grad(loss, list(theta.values()), create_graph=graph)
        theta = {
            name: weight - sign * alpha * gradient
            for (name, weight), gradient in zip(theta.items(), gradients, strict=True)
        }
        if detach:
            theta = {name: weight.detach().requires_grad_() for name, weight in theta.items()}
    judged = query if last else support
    return F.mse_loss(functional_call(model, theta, (judged.x,)), judged.y)


def variant(**changed):
    return lambda *given: maml_loss(*given, **changed)


def unmoved(model, support, query, alpha, steps):
    return F.mse_loss(model(query.x), query.y)


def swapped(model, support, query, alpha, steps):
    return maml_loss(model, query, support, alpha, steps)


def from_the_start(model, support, query, alpha, steps):
    """θ − α ∇L(θ_j): every step begins at θ."""
    start = theta = dict(model.named_parameters())
    for _ in range(steps):
        loss = F.mse_loss(functional_call(model, theta, (support.x,)), support.y)
        gradients = torch.autograd.grad(loss, list(theta.values()), create_graph=True)
        theta = {n: start[n] - alpha * g for n, g in zip(start, gradients, strict=True)}
    return F.mse_loss(functional_call(model, theta, (query.x,)), query.y)


def gradient_at_the_start(model, support, query, alpha, steps):
    """θ_j − α ∇L(θ): the gradient stays that of the model's own weights."""
    theta = dict(model.named_parameters())
    for _ in range(steps):
        loss = F.mse_loss(model(support.x), support.y)
        gradients = torch.autograd.grad(loss, list(model.parameters()), create_graph=True)
        theta = {n: theta[n] - alpha * g for n, g in zip(theta, gradients, strict=True)}
    return F.mse_loss(functional_call(model, theta, (query.x,)), query.y)


def in_place(model, support, query, alpha, steps):
    """The steps move the weights of the model that was given."""
    for _ in range(steps):
        loss = F.mse_loss(model(support.x), support.y)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for weight, gradient in zip(model.parameters(), gradients, strict=True):
                weight.sub_(alpha * gradient)
    return F.mse_loss(model(query.x), query.y)


def cut_off(*given):
    return maml_loss(*given).detach()


def test_the_loss_as_the_formula_has_it_is_right():
    assert check_maml_loss(maml_loss).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (variant(graph=False), "create_graph=True"),
        (variant(detach=True), "disagrees with finite differences"),
        (cut_off, "no graph"),
        (unmoved, "before any step"),
        (variant(extra=1), "one inner step too many"),
        (variant(extra=-1), "one inner step too few"),
        (lambda m, s, q, alpha, steps: maml_loss(m, s, q, alpha, 1), "whatever `steps` says"),
        (variant(last=False), "belongs on the query set"),
        (swapped, "swapped"),
        (variant(sign=-1), "go up"),
        (from_the_start, "starts again from θ"),
        (gradient_at_the_start, "taken at θ; it belongs at θ_j"),
        (in_place, "changed model itself"),
        (lambda *given: maml_loss(*given).item(), "return the tensor, not a plain number"),
        (lambda *given: maml_loss(*given) * 2, "yours is"),
    ],
)
def test_a_wrong_loss_gets_its_hint(answer, hint):
    verdict = check_maml_loss(answer)
    assert not verdict.right
    assert re.search(hint, verdict.says), verdict.says


BOWLS = {"curvatures": (1.0, 4.0), "centres": (0.0, 2.0), "alpha": 0.2}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (0.4, "Right"),
        (1.6, "pretraining settles here"),
        (1.0, "first-order MAML settles here"),
        (0.0, "Divide by the sum"),
    ],
)
def test_the_place_of_maml(answer, says):
    verdict = check_settled(answer, **BOWLS)
    assert says in verdict.says
    assert verdict.right == (answer == 0.4)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (0.25, "Right"),
        (2 / 8 - 1e-4, "Right"),
        (0.125, "ends exactly in the centre"),
        (2.0, "flattest bowl"),
        (0.24, "when is that 1 in size"),
    ],
)
def test_the_largest_rate(answer, says):
    verdict = check_largest_rate(answer, curvatures=(1.0, 5.0, 8.0))
    assert says in verdict.says
    assert verdict.right == ("Right" in says)


def test_a_stub_has_nothing_to_check():
    verdicts = [
        check_two_step_gradient(unfinished),
        check_maml_loss(unfinished),
        check_settled(None, **BOWLS),
        check_largest_rate(None, curvatures=(1.0, 2.0)),
    ]
    assert all(verdict.says.startswith(NOTHING_YET) for verdict in verdicts)
    assert not any(verdict.right for verdict in verdicts)
