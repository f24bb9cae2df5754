"""The contrastive loss at places where it is known, and what the encoder is pulled by."""

from math import log

import pytest
import torch

from metalearn_lab.experiments.contrastive import (
    alignment,
    contrastive_loss,
    dropped,
    loss_at_equal_cosines,
    uniformity,
)


def simplex(count):
    corners = torch.eye(count, dtype=torch.float64)
    return corners - 1 / count


@pytest.mark.parametrize(
    ("count", "temperature", "expected"),
    [(4, 1.0, 0.743668), (4, 0.1, 1.3619e-4), (64, 0.05, 1.2985e-7)],
)
def test_orthogonal_sentences(count, temperature, expected):
    h = torch.eye(count, dtype=torch.float64)
    loss = contrastive_loss(h, 3 * h, temperature).item()
    assert loss == pytest.approx(expected, rel=1e-4)
    assert loss == pytest.approx(loss_at_equal_cosines(count, temperature, 0), rel=1e-6)


@pytest.mark.parametrize("count", [4, 64])
def test_collapse_costs_log_n_at_every_temperature(count):
    h = torch.ones(count, 3, dtype=torch.float64)
    for temperature in (0.05, 1.0):
        assert contrastive_loss(h, h, temperature).item() == pytest.approx(log(count))
    assert uniformity(h).item() == pytest.approx(0, abs=1e-12)
    assert alignment(h, h) == 0


def test_the_simplex_is_the_least():
    loss = contrastive_loss(simplex(4), simplex(4), 1.0).item()
    assert loss == pytest.approx(0.582658, rel=1e-5)
    assert loss == pytest.approx(loss_at_equal_cosines(4, 1.0, -1 / 3))
    numbers = torch.Generator().manual_seed(0)
    h = torch.randn(4, 4, generator=numbers, dtype=torch.float64).requires_grad_()
    optimizer = torch.optim.Adam([h], 0.05)
    for _ in range(600):
        optimizer.zero_grad()
        contrastive_loss(h, h, 1.0).backward()
        optimizer.step()
    assert contrastive_loss(h, h, 1.0).item() == pytest.approx(loss, rel=1e-4)


def test_the_gradient_is_positive_against_softmax_of_negatives():
    numbers = torch.Generator().manual_seed(1)
    first, second = torch.randn(2, 5, 3, generator=numbers, dtype=torch.float64)
    first = torch.nn.functional.normalize(first, dim=-1).requires_grad_()
    (gradient,) = torch.autograd.grad(contrastive_loss(first, second, 0.3), first)
    h, others = first.detach(), torch.nn.functional.normalize(second, dim=-1)
    weights = (h @ others.T / 0.3).softmax(-1)
    pull = (weights @ others - others) / 0.3 / 5
    along_sphere = pull - (pull * h).sum(-1, keepdim=True) * h
    assert torch.allclose(gradient, along_sphere)


def test_uniformity_of_two_opposite_points():
    assert uniformity(torch.tensor([[1.0, 0.0], [-1.0, 0.0]])).item() == pytest.approx(-8)
    right_angle = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    assert alignment(*right_angle).item() == pytest.approx(2)


def test_dropped_tokens_become_padding():
    ids = torch.arange(1, 1001).view(10, 100)
    view = dropped(ids, 0.3, torch.Generator().manual_seed(0))
    assert set(view[view != ids].tolist()) == {0}
    assert 0.2 < (view == 0).float().mean() < 0.4
    assert torch.equal(dropped(ids, 0.0, torch.Generator()), ids)


@pytest.mark.parametrize(
    ("first", "second", "temperature", "message"),
    [
        (torch.ones(3, 2), torch.ones(2, 2), 1.0, "both views"),
        (torch.ones(1, 2), torch.ones(1, 2), 1.0, "2 or more"),
        (torch.ones(3, 2), torch.ones(3, 2), 0.0, "positive"),
    ],
)
def test_what_is_refused(first, second, temperature, message):
    with pytest.raises(ValueError, match=message):
        contrastive_loss(first, second, temperature)
