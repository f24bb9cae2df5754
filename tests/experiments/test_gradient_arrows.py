"""The arrows are the gradients that autograd gives, and Reptile's is where its training ends."""

import pytest
import torch

from metalearn_lab.experiments.gradient_arrows import (
    QUERY,
    SUPPORT,
    bowl_loss,
    gradient_arrows,
    meta_loss,
)
from metalearn_lab.tasks.planar_quadratics import planar_quadratics

TASK = planar_quadratics([(4, 0.5), (3, 1)], [25, 60], [(-0.5, -0.4), (0.7, 0.5)])
SETTINGS = [((-1.6, 1.2), 0.1, 5), ((1.0, 0.3), 0.4, 1), ((0.2, -2.0), 0.05, 12)]


def walk(theta, loss, alpha, k):
    for _ in range(k):
        theta = theta - alpha * torch.func.grad(loss)(theta)
    return theta


@pytest.mark.parametrize(("start", "alpha", "k"), SETTINGS)
def test_each_arrow_is_the_gradient_by_autograd(start, alpha, k):
    theta = torch.tensor(start).double()
    support, query = bowl_loss(TASK, SUPPORT), bowl_loss(TASK, QUERY)
    arrows = gradient_arrows(TASK, theta, inner_lr=alpha, inner_steps=k)
    exact = torch.func.grad(lambda start: query(walk(start, support, alpha, k)))(theta)
    torch.testing.assert_close(arrows["maml"], exact)
    at_the_end = torch.func.grad(query)(walk(theta, support, alpha, k))
    torch.testing.assert_close(arrows["first_order_maml"], at_the_end)
    torch.testing.assert_close(arrows["reptile"], theta - walk(theta, TASK.loss, alpha, k))


@pytest.mark.parametrize(("start", "alpha", "k"), SETTINGS)
def test_the_meta_loss_is_the_query_loss_at_the_end_of_the_walk(start, alpha, k):
    theta = torch.tensor(start).double()
    end = walk(theta, bowl_loss(TASK, SUPPORT), alpha, k)
    loss = meta_loss(TASK, torch.stack([theta, theta]), inner_lr=alpha, inner_steps=k)
    torch.testing.assert_close(loss, bowl_loss(TASK, QUERY)(end).expand(2))
