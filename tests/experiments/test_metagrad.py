"""MetaGrad's potential never exceeds 1, whatever the gradients; regret beside gradient descent."""

import pytest
import torch

from metalearn_lab.experiments.bowl_stream import alternating
from metalearn_lab.experiments.metagrad import (
    distance_gradient,
    distance_regret,
    gradient_descent,
    metagrad,
)


def adversary(seed):
    """Gradients that look at the point: away from it, at random, or none."""
    numbers = torch.Generator().manual_seed(seed)

    def gradient(t, w):
        size = torch.rand((), generator=numbers).item()
        kind = seed % 4
        if kind == 0:
            return 2 * size - 1
        if kind == 1:
            return 1.0 if w >= 0 else -1.0
        if kind == 2:
            return -1.0 if t < 100 else size
        return size if t % 3 else 0.0

    return gradient


@pytest.mark.parametrize("seed", range(12))
def test_the_potential_never_exceeds_1(seed):
    run = metagrad(adversary(seed), 150, radius=1.0 + seed % 3, most=1.0)
    assert run.potential.max() <= 1 + 1e-12
    assert (run.potential.diff() <= 1e-12).all(), "it only falls"
    assert run.points.abs().max() <= 1.0 + seed % 3 + 1e-12


def test_regret_on_alternating_signs():
    targets = -alternating(1000).centres
    gradient = distance_gradient(targets)
    run = metagrad(gradient, 1000)
    assert distance_regret(run.points, targets) == pytest.approx(11.8, abs=0.1)
    assert run.potential[-1].item() == pytest.approx(0.9998, abs=1e-3)
    usual = gradient_descent(gradient, 1000, 2.0)
    assert distance_regret(usual, targets) == pytest.approx(61.4, abs=0.1)


def test_the_prior_sums_to_1_before_anything_is_seen():
    run = metagrad(lambda t, w: 0.0, 5)
    torch.testing.assert_close(run.potential, torch.ones(5).double())
    assert run.points.abs().max() == 0


def test_regret_is_against_a_median():
    targets = torch.tensor([1.0, 1.0, -1.0]).double()
    points = torch.tensor([0.0, 1.0, 1.0]).double()
    assert distance_regret(points, targets) == pytest.approx(3.0 - 2.0)


def test_a_gradient_that_is_too_large_is_refused():
    with pytest.raises(ValueError, match="round 0"):
        metagrad(lambda t, w: 2.0, 3)
