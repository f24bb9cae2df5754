"""Distances of tasks against closed forms, and an adapted loss against steps by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.experiments.task_similarity import (
    adapted_losses,
    bowl_loss_from,
    cosine_distance,
    diagonal_fishers,
    euclidean_distance,
    losses_along,
    prototypes,
    support_gradients,
    task2vec_distance,
)
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.types import Split, Task, select_tasks


class Point(nn.Module):
    """Answers its weights, whatever it is asked."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return self.w + 0 * x


def half_square(outputs, y):
    return (outputs - y).square().sum(-1).mean() / 2


def bowls(count):
    centres = torch.randn(count, 1, 3, generator=torch.Generator().manual_seed(0))
    split = Split(torch.zeros(count, 1, 3), centres)
    return Task(split, split), centres[:, 0]


def test_task2vec_has_its_known_values():
    one, other = torch.tensor([[1.0, 2, 4], [4.0, 2, 1]], dtype=torch.float64)
    assert task2vec_distance(one, other).item() == pytest.approx(12 / 31, abs=1e-12)
    assert task2vec_distance(one, one).item() == pytest.approx(0, abs=1e-12)
    assert task2vec_distance(one, 1000 * one).item() == pytest.approx(0, abs=1e-12)
    assert task2vec_distance(one, other) == task2vec_distance(other, one)
    first, last = torch.tensor([[1.0, 0, 0, 0], [0, 0, 3.0, 1.0]])
    assert task2vec_distance(first, last).item() == 1
    assert task2vec_distance(one[:, None].T, torch.stack([one, other])).shape == (2,)


def test_cosine_and_length_are_those_of_vectors():
    a, b = torch.tensor([3.0, 4.0]), torch.tensor([-4.0, 3.0])
    assert cosine_distance(a, b).item() == pytest.approx(1)
    assert cosine_distance(a, -2 * a).item() == pytest.approx(2)
    assert euclidean_distance(a, b).item() == pytest.approx(50**0.5)


def test_prototypes_are_half_the_difference_of_class_means():
    h = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(1))
    y = torch.tensor([1.0, -1.0]).repeat(3).expand(2, -1)[..., None]
    expected = (h[:, ::2].mean(1) - h[:, 1::2].mean(1)) / 2
    assert torch.allclose(prototypes(h, y), expected)


def test_the_adapted_loss_of_bowls_is_its_closed_form():
    tasks, centres = bowls(4)
    learner = MAML(Point(), half_square, inner_lr=0.1, inner_steps=3)
    given = adapted_losses(learner, {"w": centres}, tasks, 3)
    expected = bowl_loss_from(1.0, 0.1, 3, centres[:, None], centres)
    assert torch.allclose(given, expected, atol=1e-6)
    assert given.diagonal().abs().max() < 1e-12
    order = euclidean_distance(centres[:, None], centres).argsort(1)
    assert torch.equal(given.argsort(1), order)


def test_losses_along_are_those_of_each_task_alone():
    tasks, centres = bowls(3)
    learner = MAML(Point(), half_square, inner_lr=0.2, inner_steps=1)
    along = losses_along(learner, {"w": 2 * centres}, tasks, 4)
    for i in range(3):
        one = select_tasks(tasks, slice(i, i + 1))
        alone = losses_along(learner, {"w": 2 * centres[i : i + 1]}, one, 4)
        assert torch.allclose(along[i], alone[0])
    expected = [bowl_loss_from(1.0, 0.2, k, centres, 2 * centres) for k in range(5)]
    assert torch.allclose(along, torch.stack(expected, 1), atol=1e-6)


def test_gradients_of_bowls_point_from_their_lowest_points():
    tasks, centres = bowls(3)
    learner = MAML(Point(), half_square, inner_lr=0.1, inner_steps=1)
    given = support_gradients(learner, {"w": torch.zeros(3)}, tasks.support)
    assert torch.allclose(given, -centres)


@pytest.mark.parametrize("logistic", [False, True])
def test_the_fisher_information_is_that_of_a_linear_model(logistic):
    loss = F.binary_cross_entropy_with_logits if logistic else F.mse_loss
    model = MLP([2, 1], seed=0)
    learner = MAML(model, loss, inner_lr=0.1, inner_steps=1)
    x = torch.randn(3, 5, 2, generator=torch.Generator().manual_seed(2))
    weights = {name: w.detach().expand(3, *w.shape) for name, w in model.named_parameters()}
    given = diagonal_fishers(learner, weights, x)
    p = torch.sigmoid(model(x)).detach()
    factor = p * (1 - p) if logistic else torch.ones_like(p)
    inputs = torch.cat([x, torch.ones(3, 5, 1)], -1)
    assert torch.allclose(given, (factor * inputs**2).mean(1), atol=1e-6)


def test_a_sampled_fisher_information_tends_to_the_exact_one():
    model = MLP([2, 1], seed=0)
    learner = MAML(model, F.binary_cross_entropy_with_logits, inner_lr=0.1, inner_steps=1)
    numbers = torch.Generator().manual_seed(3)
    x = torch.randn(1, 4, 2, generator=numbers)
    weights = {name: w.detach()[None] for name, w in model.named_parameters()}
    p = torch.sigmoid(model(x[0])).detach()
    labels = torch.bernoulli(p.expand(4, 20_000), generator=numbers)
    inputs = torch.cat([x[0], torch.ones(4, 1)], -1)
    squares = ((p - labels) ** 2).mean(1, keepdim=True) * inputs**2
    assert torch.allclose(diagonal_fishers(learner, weights, x)[0], squares.mean(0), rtol=0.03)
