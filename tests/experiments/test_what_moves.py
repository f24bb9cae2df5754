"""The toy's weights are those of the package's learner, and scores tie on its borders."""

import math
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab import JointPretraining, with_lora
from metalearn_lab.experiments.what_moves import (
    LORA_A,
    PRETRAINED,
    QUERY,
    QUERY_LABELS,
    SUPPORT,
    WAYS,
    boundaries,
    class_means,
    queries_right,
    support_loss,
    trajectory,
)
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split

METHODS = {"linear_probe": "head.*", "lora": ("*lora_*", "head.*"), "fine_tuning": "*"}
SUPPORT_POINTS = torch.tensor(SUPPORT, dtype=torch.float64)


def network(method):
    """The toy as a module of PyTorch, for gradients that are not written by hand."""
    model = nn.Sequential()
    model.body = nn.Linear(2, 2, bias=False)
    model.head = nn.Linear(2, WAYS)
    model = model.double()
    with torch.no_grad():
        model.body.weight.copy_(PRETRAINED)
        model.head.weight.zero_()
        model.head.bias.zero_()
        if method == "lora":
            model = with_lora(model, ["body"], rank=1, lora_alpha=1.0)
            model.body.lora_A.copy_(LORA_A)
    return model


def weights_apart(method, support, inner_lr, steps):
    """W, V and c after each step, by the package's learner."""
    model = network(method)
    learner = JointPretraining(
        model, F.cross_entropy, inner_lr=inner_lr, inner_steps=1, adapts=METHODS[method]
    )
    path = learner.adapt(Split(support[None], torch.arange(WAYS)[None]), steps)
    frozen = dict(model.named_parameters())
    for theta in path:
        now = {name: theta[name][0] if name in theta else frozen[name] for name in frozen}
        layer = now.get("body.weight", now.get("body.base.weight"))
        if method == "lora":
            layer = layer + now["body.lora_B"] @ now["body.lora_A"]
        yield layer, now["head.weight"], now["head.bias"]


@pytest.mark.parametrize("method", METHODS)
def test_every_step_is_that_of_the_learner(method):
    numbers = generator("what moves")
    for inner_lr in (0.5, 0.1):
        support = SUPPORT_POINTS + torch.randn(3, 2, dtype=torch.float64, generator=numbers)
        ours = trajectory(method, support, inner_lr, 25)
        apart = list(weights_apart(method, support, inner_lr, 25))
        assert len(ours) == len(apart) == 26
        for mine, theirs in zip(ours, apart, strict=True):
            for one, other in zip(mine, theirs, strict=True):
                torch.testing.assert_close(one, other.detach(), rtol=1e-10, atol=1e-12)


def test_what_moves_and_what_stays():
    ends = {name: trajectory(name, SUPPORT_POINTS, 0.5, 40)[-1] for name in METHODS}
    assert torch.equal(ends["linear_probe"].layer, PRETRAINED)
    ranks = {n: torch.linalg.matrix_rank(w.layer - PRETRAINED).item() for n, w in ends.items()}
    assert ranks == {"linear_probe": 0, "lora": 1, "fine_tuning": 2}
    losses = {name: support_loss(weights, SUPPORT_POINTS) for name, weights in ends.items()}
    assert losses["fine_tuning"] < losses["lora"] < losses["linear_probe"] < 1.0


def test_frozen_class_means_choose_by_cosine():
    h, q = SUPPORT_POINTS @ PRETRAINED.T, QUERY @ PRETRAINED.T
    cosines = F.cosine_similarity(q[:, None], h[None], dim=2)
    right = (cosines.argmax(1) == QUERY_LABELS).sum()
    assert queries_right(class_means(SUPPORT_POINTS)) == right


def test_two_classes_share_the_highest_score_on_a_border():
    numbers = generator("borders")
    for steps in (1, 5, 30):
        support = torch.randn(3, 2, dtype=torch.float64, generator=numbers)
        weights = trajectory("fine_tuning", support, 0.5, steps)[-1]
        score = partial(F.linear, weight=weights.head, bias=weights.bias)
        pieces = boundaries(weights, 3.0)
        assert pieces
        for piece in pieces:
            assert piece.abs().max() <= 3.0 + 1e-9
            between = torch.lerp(piece[0], piece[1], torch.linspace(0, 1, 5).double()[:, None])
            first, second = score(between).topk(2, dim=1).values.T
            torch.testing.assert_close(first, second)
        assert_between(pieces, score)


def assert_between(pieces, score):
    """A piece passes wherever two neighbours on a grid belong to different classes."""
    axis = torch.linspace(-3, 3, 61, dtype=torch.float64)
    classes = score(torch.cartesian_prod(axis, axis)).argmax(1).unflatten(0, (61, 61))
    place, other = (classes[1:] != classes[:-1]).nonzero().T
    middle = torch.stack([(axis[place] + axis[place + 1]) / 2, axis[other]], 1)
    away = []
    for start, end in pieces:
        share = (middle - start) @ (end - start) / (end - start).square().sum()
        away.append((torch.lerp(start, end, share.clamp(0, 1)[:, None]) - middle).norm(dim=1))
    assert torch.stack(away).amin(0).max() <= 0.05 + 1e-9


def test_a_head_of_zeros_has_no_border_and_the_loss_of_a_guess():
    [start] = trajectory("lora", SUPPORT_POINTS, 0.5, 0)
    assert boundaries(start, 3.0) == []
    assert support_loss(start, SUPPORT_POINTS) == pytest.approx(math.log(3))
