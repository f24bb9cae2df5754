"""The checks accept what is right, name each likely mistake, and wait for what is not there."""

import re

import pytest
import torch
from torch.func import functional_call
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector

from metalearn_lab.exercises.maml_loss import check_maml_loss, check_outer_step
from metalearn_lab.exercises.verdict import NOTHING_YET


def unfinished(*args):
    raise NotImplementedError("your turn")


def maml_loss(
    model,
    support,
    query,
    inner_lr,
    inner_steps,
    *,
    graph=True,
    detach=False,
    sign=1,
    extra=0,
    last=True,
):
    theta = dict(model.named_parameters())
    for _ in range(inner_steps + extra):
        loss = F.mse_loss(functional_call(model, theta, (support.x,)), support.y)
        gradients = torch.autograd.grad(loss, list(theta.values()), create_graph=graph)
        theta = {
            name: weight - sign * inner_lr * gradient
            for (name, weight), gradient in zip(theta.items(), gradients, strict=True)
        }
        if detach:
            theta = {name: weight.detach().requires_grad_() for name, weight in theta.items()}
    judged = query if last else support
    return F.mse_loss(functional_call(model, theta, (judged.x,)), judged.y)


def variant(**changed):
    return lambda *given: maml_loss(*given, **changed)


def unmoved(model, support, query, inner_lr, inner_steps):
    return F.mse_loss(model(query.x), query.y)


def swapped(model, support, query, inner_lr, inner_steps):
    return maml_loss(model, query, support, inner_lr, inner_steps)


def from_the_start(model, support, query, inner_lr, inner_steps):
    """θ − α ∇L(θ_j): every step begins at θ."""
    start = theta = dict(model.named_parameters())
    for _ in range(inner_steps):
        loss = F.mse_loss(functional_call(model, theta, (support.x,)), support.y)
        gradients = torch.autograd.grad(loss, list(theta.values()), create_graph=True)
        theta = {n: start[n] - inner_lr * g for n, g in zip(start, gradients, strict=True)}
    return F.mse_loss(functional_call(model, theta, (query.x,)), query.y)


def gradient_at_the_start(model, support, query, inner_lr, inner_steps):
    """θ_j − α ∇L(θ): the gradient stays that of the model's own weights."""
    theta = dict(model.named_parameters())
    for _ in range(inner_steps):
        loss = F.mse_loss(model(support.x), support.y)
        gradients = torch.autograd.grad(loss, list(model.parameters()), create_graph=True)
        theta = {n: theta[n] - inner_lr * g for n, g in zip(theta, gradients, strict=True)}
    return F.mse_loss(functional_call(model, theta, (query.x,)), query.y)


def in_place(model, support, query, inner_lr, inner_steps):
    """The steps move the weights of the model that was given."""
    for _ in range(inner_steps):
        loss = F.mse_loss(model(support.x), support.y)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for weight, gradient in zip(model.parameters(), gradients, strict=True):
                weight.sub_(inner_lr * gradient)
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
        (
            lambda m, s, q, inner_lr, inner_steps: maml_loss(m, s, q, inner_lr, 1),
            "whatever `inner_steps`",
        ),
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


def hard_coded(name, value):
    """One argument is a constant, whatever is given."""

    def answer(model, support, query, inner_lr, inner_steps):
        given = {"inner_lr": inner_lr, "inner_steps": inner_steps, name: value}
        return maml_loss(model, support, query, **given)

    return answer


@pytest.mark.parametrize(
    ("name", "value"), [("inner_lr", a) for a in (0.01, 0.03, 0.05, 0.08)] + [("inner_steps", 3)]
)
def test_no_constant_stands_for_an_argument(name, value):
    assert not check_maml_loss(hard_coded(name, value)).right
    assert not check_outer_step(
        lambda model, tasks, inner_lr, inner_steps, outer_lr: outer_step(
            model,
            tasks,
            **{"inner_lr": inner_lr, "inner_steps": inner_steps, "outer_lr": outer_lr, name: value},
        )
    ).right


def outer_step(model, tasks, inner_lr, inner_steps, outer_lr, *, merge=torch.mean, **changed):
    weights = list(model.parameters())
    losses = [maml_loss(model, *task, inner_lr, inner_steps, **changed) for task in tasks]
    gradients = torch.autograd.grad(merge(torch.stack(losses)), weights)
    return parameters_to_vector(weights) - outer_lr * parameters_to_vector(gradients)


def step_variant(change):
    """The right step θ − βg, changed: a function of θ, the step βg, β and α."""

    def answer(model, tasks, inner_lr, inner_steps, outer_lr):
        theta = parameters_to_vector(model.parameters())
        step = theta - outer_step(model, tasks, inner_lr, inner_steps, outer_lr)
        return change(theta, step, outer_lr, inner_lr)

    return answer


def of_tasks(chosen):
    return lambda model, tasks, *rest: outer_step(model, chosen(tasks), *rest)


def step_in_place(model, tasks, inner_lr, inner_steps, outer_lr):
    new = outer_step(model, tasks, inner_lr, inner_steps, outer_lr)
    torch.nn.utils.vector_to_parameters(new.detach(), model.parameters())
    return new


def test_the_outer_step_is_right_as_a_leaf_too():
    assert check_outer_step(outer_step).right
    assert check_outer_step(lambda *given: outer_step(*given).detach()).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda *given: outer_step(*given, merge=torch.sum), "not their sum"),
        (lambda *given: outer_step(*given, graph=False), "create_graph=True"),
        (lambda *given: outer_step(*given, last=False), "disagree with"),
        (of_tasks(lambda tasks: tasks[:1]), "only the first task"),
        (of_tasks(lambda tasks: tasks[-1:]), "only the last task"),
        (step_variant(lambda theta, step, outer_lr, inner_lr: theta + step), "goes up"),
        (step_variant(lambda theta, step, outer_lr, inner_lr: theta), "nothing has moved"),
        (step_variant(lambda theta, step, outer_lr, inner_lr: theta - step / outer_lr), "missing"),
        (
            step_variant(
                lambda theta, step, outer_lr, inner_lr: theta - step / outer_lr * inner_lr
            ),
            "has size α",
        ),
        (step_variant(lambda theta, step, outer_lr, inner_lr: step / outer_lr), "meta-gradient"),
        (step_variant(lambda theta, step, outer_lr, inner_lr: step), "step alone"),
        (step_in_place, "changed model itself"),
        (lambda *given: list(outer_step(*given)), "tensor of shape"),
        (lambda *given: outer_step(*given)[:-1], "has shape"),
        (lambda *given: outer_step(*given) * float("nan"), "not finite"),
    ],
)
def test_a_wrong_outer_step_gets_its_hint(answer, hint):
    verdict = check_outer_step(answer)
    assert not verdict.right
    assert re.search(hint, verdict.says), verdict.says


def test_a_stub_has_nothing_to_check():
    verdicts = [check_maml_loss(unfinished), check_outer_step(unfinished)]
    assert all(verdict.says.startswith(NOTHING_YET) for verdict in verdicts)
    assert not any(verdict.right for verdict in verdicts)
