"""The head of cosines: only directions count, and zero does no harm."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.models.cosine_head import CosineHead
from metalearn_lab.tasks.seeds import generator


def features(items=6, width=5):
    return torch.randn(items, width, generator=generator("features"), dtype=torch.float64)


def head(classes=3, width=5, **settings):
    return CosineHead(width, classes, **settings).double()


def test_scores_are_scaled_cosines():
    f, own = features(), head(scale=4.0)
    expected = 4 * F.cosine_similarity(f[:, None], own.weight[None], dim=-1)
    torch.testing.assert_close(own(f), expected)
    assert own(f).abs().max() <= 4


def test_lengths_of_features_and_of_vectors_play_no_part():
    f, own = features(), head()
    expected = own(f).detach()
    lengths = torch.logspace(-3, 3, 6, dtype=torch.float64)[:, None]
    torch.testing.assert_close(own(lengths * f), expected, rtol=1e-12, atol=1e-12)
    with torch.no_grad():
        own.weight.mul_(lengths[:3])
    torch.testing.assert_close(own(f), expected, rtol=1e-12, atol=1e-12)


def test_no_gradient_points_along_what_plays_no_part():
    f, own = features().requires_grad_(), head()
    (own(f) ** 2).sum().backward()
    for vectors in (f, own.weight):
        along = (vectors * vectors.grad).sum(-1)
        torch.testing.assert_close(along, torch.zeros_like(along), rtol=0, atol=1e-12)


def test_its_derivatives_are_right():
    f, own = features(3).requires_grad_(), head()

    def scores(f, weight):
        return torch.func.functional_call(own, {"weight": weight}, (f,))

    arguments = (f, own.weight)
    assert torch.autograd.gradcheck(scores, arguments)
    assert torch.autograd.gradgradcheck(scores, arguments)


def test_a_feature_of_zeros_has_scores_zero_and_finite_derivatives():
    own, f = head().float(), torch.zeros(2, 5, requires_grad=True)
    assert torch.equal(own(f), torch.zeros(2, 3))
    [slope] = torch.autograd.grad(own(f).exp().sum(), f, create_graph=True)
    slope.sum().backward()
    assert slope.isfinite().all()
    assert f.grad.isfinite().all()


def test_a_seed_gives_the_same_vectors_and_another_does_not():
    torch.testing.assert_close(head().weight.norm(dim=-1), torch.ones(3).double())
    assert torch.equal(head().weight, head().weight)
    assert not torch.equal(head().weight, head(seed=1).weight)


def test_sizes_and_scales_out_of_range_are_refused():
    with pytest.raises(ValueError, match="needs 1 feature and 1 class or more, got 5 and 0"):
        CosineHead(5, 0)
    for scale in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match=f"scale must be a positive number, got {scale}"):
            CosineHead(5, 3, scale=scale)
