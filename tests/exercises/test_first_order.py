import pytest
import torch

from metalearn_lab.exercises.first_order import check_first_order_gradient
from metalearn_lab.exercises.verdict import NOTHING_YET


def by_autograd(theta, support_loss, query_loss, alpha, steps, *, create_graph, sign=-1):
    start = theta.clone().requires_grad_()
    theta_j = start
    for _ in range(steps):
        [g] = torch.autograd.grad(support_loss(theta_j), theta_j, create_graph=create_graph)
        theta_j = theta_j + sign * alpha * g
    return theta_j, start


def first_order(theta, support_loss, query_loss, alpha, steps):
    theta_k, start = by_autograd(theta, support_loss, query_loss, alpha, steps, create_graph=False)
    return torch.autograd.grad(query_loss(theta_k), start)[0]


def maml(theta, support_loss, query_loss, alpha, steps):
    theta_k, start = by_autograd(theta, support_loss, query_loss, alpha, steps, create_graph=True)
    return torch.autograd.grad(query_loss(theta_k), start)[0]


def at_theta(theta, support_loss, query_loss, alpha, steps):
    return torch.func.grad(query_loss)(theta)


def of_support(theta, support_loss, query_loss, alpha, steps):
    return first_order(theta, support_loss, support_loss, alpha, steps)


def ascending(theta, support_loss, query_loss, alpha, steps):
    return first_order(theta, support_loss, query_loss, -alpha, steps)


def one_step(theta, support_loss, query_loss, alpha, steps):
    return first_order(theta, support_loss, query_loss, alpha, 1)


def adapted(theta, support_loss, query_loss, alpha, steps):
    return by_autograd(theta, support_loss, query_loss, alpha, steps, create_graph=False)[0]


def not_unpacked(*args):
    return (first_order(*args),)


def in_place(theta, support_loss, query_loss, alpha, steps):
    for _ in range(steps):
        theta -= alpha * torch.func.grad(support_loss)(theta)
    return torch.func.grad(query_loss)(theta)


def test_the_query_gradient_at_the_adapted_weights_is_right():
    assert check_first_order_gradient(first_order).right


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        (maml, "this is MAML's gradient"),
        (at_theta, "before any inner step"),
        (of_support, "gradient of the support loss"),
        (ascending, "go uphill"),
        (one_step, "only one inner step"),
        (adapted, "this is θ_k"),
        (not_unpacked, "unpack it"),
        (in_place, "changed theta itself"),
        (lambda theta, *_: torch.zeros_like(theta), "compare with"),
        # Deaf to an argument.
        (lambda t, s, q, alpha, steps: first_order(t, s, q, 0.1, steps), "compare with"),
        (lambda t, s, q, alpha, steps: first_order(t, s, q, alpha, 3), "compare with"),
        (
            lambda t, s, q, alpha, steps: first_order(
                torch.tensor([0.7, -1.2]).double(), s, q, alpha, steps
            ),
            "compare with",
        ),
    ],
)
def test_another_gradient_is_recognised(mistake, hint):
    verdict = check_first_order_gradient(mistake)
    assert not verdict.right
    assert hint in verdict.says


def test_no_answer_is_no_mistake():
    def stub(theta, support_loss, query_loss, alpha, steps):
        raise NotImplementedError("your turn")

    assert check_first_order_gradient(stub).says.startswith(NOTHING_YET)
