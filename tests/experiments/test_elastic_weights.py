"""Elastic weights on bowls: the excess of the diagonal, and nothing lost with all of it."""

import pytest
import torch

from metalearn_lab.experiments.elastic_weights import (
    Bowl,
    elastic_point,
    excess,
    joint_point,
    turned,
)

C_A, C_B = (torch.tensor(c).double() for c in ([1.0, 1.0], [-1.0, 0.0]))


def pair(degrees):
    return Bowl(turned((9.0, 1.0), degrees), C_A), Bowl(turned((1.0, 4.0), 0), C_B)


@pytest.mark.parametrize(("degrees", "value"), [(0, 0.0), (20, 0.166), (45, 0.265), (90, 0.0)])
def test_excess_by_the_angle(degrees, value):
    first, second = pair(degrees)
    found = excess(elastic_point(first, second, diagonal=True), first, second).item()
    assert found == pytest.approx(value, abs=6e-4)
    whole = elastic_point(first, second, diagonal=False)
    assert excess(whole, first, second).item() == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("diagonal", "strength"), [(True, 1.0), (False, 2.5), (True, 0.0)])
def test_the_point_is_where_the_penalised_gradient_is_zero(diagonal, strength):
    first, second = pair(33)
    w = elastic_point(first, second, strength=strength, diagonal=diagonal).requires_grad_()
    kept = first.curvature.diagonal().diag() if diagonal else first.curvature
    away = w - first.centre
    (second.loss(w) + strength / 2 * away @ kept @ away).backward()
    assert w.grad.abs().max() < 1e-12


def test_fine_tuning_forgets():
    lost = [bowl.loss(C_B).item() for bowl, _ in map(pair, (0, 20, 45))]
    assert lost == pytest.approx([18.5, 22.24, 20.5], abs=0.01)
    first, second = pair(45)
    torch.testing.assert_close(elastic_point(first, second, strength=0.0, diagonal=True), C_B)


def test_no_point_near_the_joint_one_is_better():
    first, second = pair(20)
    best = joint_point(first, second)
    for angle in torch.linspace(0, 6, 13):
        near = best + 0.01 * torch.stack([angle.cos(), angle.sin()]).double()
        assert excess(near, first, second) > 0


def test_turning_keeps_the_curvatures():
    torch.testing.assert_close(
        torch.linalg.eigvalsh(turned((9.0, 1.0), 33)), torch.tensor([1.0, 9.0]).double()
    )
    torch.testing.assert_close(
        turned((9.0, 1.0), 90), torch.tensor([[1.0, 0.0], [0.0, 9.0]]).double()
    )
