"""The contrastive loss at places where it is known, and what the encoder is pulled by."""

from math import log

import pytest
import torch

from metalearn_lab.experiments.contrastive import (
    alignment,
    channel_information,
    contrastive_loss,
    dropped,
    loss_at_equal_cosines,
    predictive_bound,
    predictive_loss,
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


def test_the_predictive_loss_where_it_is_known():
    numbers = torch.Generator().manual_seed(2)
    c, z = torch.randn(2, 7, 4, generator=numbers, dtype=torch.float64)
    c, z = (torch.nn.functional.normalize(each, dim=-1) for each in (c, z))
    same = torch.eye(4, dtype=torch.float64)
    expected = contrastive_loss(c, z, 0.2).item()
    assert predictive_loss(c, z, same / 0.2).item() == pytest.approx(expected)
    assert predictive_loss(c, z, 0 * same).item() == pytest.approx(log(7))
    wide = torch.randn(3, 4, generator=numbers, dtype=torch.float64)
    by_hand = [(z[:, :3] @ wide @ c[i]).logsumexp(0) - z[i, :3] @ wide @ c[i] for i in range(7)]
    expected = torch.stack(by_hand).mean().item()
    assert predictive_loss(c, z[:, :3], wide).item() == pytest.approx(expected)
    for wrong in ((c[:1], z[:1], same), (c, z[:6], same), (c, z, wide)):
        with pytest.raises(ValueError, match=r"must be \[N, a\]"):
            predictive_loss(*wrong)


def test_information_of_a_channel():
    assert channel_information(2, 0.9) == pytest.approx(log(2) + 0.9 * log(0.9) + 0.1 * log(0.1))
    assert channel_information(64, 1.0) == pytest.approx(log(64))
    assert channel_information(4, 0.25) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("symbols", "right"), [(2, 0.9), (3, 0.5), (64, 1.0), (4, 0.25)])
def test_the_bound_is_below_the_information_and_below_log_n(symbols, right):
    bounds = [predictive_bound(symbols, right, count) for count in (2, 4, 16, 128)]
    assert bounds == sorted(bounds)
    assert bounds[-1] <= channel_information(symbols, right) + 1e-12
    for count, bound in zip((2, 4, 16, 128), bounds, strict=True):
        assert -1e-12 <= bound <= log(count)
    if right < 1:  # with few symbols many others come close
        assert bounds[-1] == pytest.approx(channel_information(symbols, right), abs=0.02)


def test_the_bound_is_what_the_loss_gives_on_drawn_symbols():
    """One-hot symbols through a channel, W the log of the density ratio."""
    numbers = torch.Generator().manual_seed(0)
    symbols, right, count, draws = 3, 0.7, 5, 4000
    ratio = torch.full((3, 3), symbols * (1 - right) / 2).fill_diagonal_(symbols * right).log()
    c = torch.randint(symbols, (draws, count), generator=numbers)
    shift = torch.randint(1, symbols, (draws, count), generator=numbers)
    kept = torch.rand(draws, count, generator=numbers) < right
    z = torch.where(kept, c, (c + shift) % symbols)
    one_hot = torch.eye(symbols)
    losses = [predictive_loss(one_hot[a], one_hot[b], ratio) for a, b in zip(c, z, strict=True)]
    found = log(count) - torch.stack(losses).mean().item()
    assert found == pytest.approx(predictive_bound(symbols, right, count), abs=0.02)
