"""The two directions are exact, and the Monte Carlo coefficients are the Taylor result's."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.experiments.taylor import (
    ALGORITHMS,
    directions,
    draw,
    expected_coefficients,
    measured_coefficients,
    of_one_draw,
)
from metalearn_lab.learners.flat_weights import flat
from metalearn_lab.learners.learner import held_constant
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split


def population(tasks=2, minibatches=3, items=4):
    support = Sinusoids(shots=minibatches * items, queries=1).batch(0, tasks).support
    return Split(*(part.double().reshape(tasks, minibatches, items, 1) for part in support))


def learner(alpha=1e-5, model=None):
    model = model or MLP([1, 6, 1], activation="tanh")
    return Reptile(model.double(), F.mse_loss, inner_lr=alpha, inner_steps=1)


def test_the_directions_are_the_means_over_all_ordered_pairs_of_minibatches():
    """AvgGrad = E[ḡ], AvgGradInner = E[H̄_2 ḡ_1] = ½ ∇E[ḡ_1 · ḡ_2]."""
    reptile, data = learner(), population()
    phi = held_constant(reptile.weights())
    slopes, products = [], []
    for task in range(2):
        batches = [Split(data.x[task, i], data.y[task, i]) for i in range(3)]
        slopes += [flat(reptile.gradient(phi, batch)) for batch in batches]
        for one, other in itertools.product(batches, repeat=2):

            def agreement(weights, one=one, other=other):
                return flat(reptile.gradient(weights, one)) @ flat(reptile.gradient(weights, other))

            products.append(flat(torch.func.grad(agreement)(phi)) / 2)
    found = directions(reptile, data)
    torch.testing.assert_close(found.avg_grad, torch.stack(slopes).mean(0))
    torch.testing.assert_close(found.avg_grad_inner, torch.stack(products).mean(0))


@pytest.mark.parametrize("minibatches", [2, 3])
def test_all_ordered_draws_together_have_the_coefficients_to_order_alpha(minibatches):
    """With every draw taken once there is no Monte Carlo error: the rest is in α²."""
    data, alpha = population(), 1e-6
    reptile = learner(alpha)
    exact = directions(reptile, data)
    draws = [
        of_one_draw(reptile, Split(data.x[task, list(which)], data.y[task, list(which)]))
        for task in range(2)
        for which in itertools.product(range(3), repeat=minibatches)
    ]
    for name in ALGORITHMS:
        whole, at_zero = (torch.stack([each[name][i] for each in draws]).mean(0) for i in (0, 1))
        expected = expected_coefficients(name, minibatches)
        torch.testing.assert_close(at_zero, expected.grad * exact.avg_grad)
        wanted = expected.inner * exact.avg_grad_inner
        torch.testing.assert_close((whole - at_zero) / alpha, wanted, rtol=1e-3, atol=1e-3)


def test_measured_coefficients_agree_within_their_error():
    measured = measured_coefficients(learner(), population(), draws=3000, minibatches=3)
    for name, found in measured.items():
        for part, wanted in zip(found, expected_coefficients(name, 3), strict=True):
            assert part.tasks == 3000
            assert abs(part.mean - wanted) < 2 * part.half_width + 1e-4 * abs(wanted)
        assert found.inner.half_width < 0.25 * abs(expected_coefficients(name, 3).inner)


def test_on_one_quadratic_bowl_reptile_with_two_minibatches_is_exact_for_any_alpha():
    """g_1 + g_2 = 2ḡ − αHḡ holds without remainder where the gradient is linear."""
    bowl = nn.Linear(1, 1, bias=False)
    reptile, data = learner(0.3, bowl), population(tasks=1, minibatches=1)
    found = of_one_draw(reptile, Split(*(part[0].expand(2, -1, -1) for part in data)))
    exact = directions(reptile, data)
    moved = {name: whole - at_zero for name, (whole, at_zero) in found.items()}
    torch.testing.assert_close(moved["reptile"], -0.3 * exact.avg_grad_inner)
    # MAML has a term in α² more: (I − αH)(I − αH)ḡ.
    hessian = exact.avg_grad_inner / exact.avg_grad
    second = 0.09 * hessian**2 * exact.avg_grad
    torch.testing.assert_close(moved["maml"], -0.6 * exact.avg_grad_inner + second)


def test_a_draw_keeps_to_one_task_and_its_first_minibatches_stay_when_k_grows():
    data = population(tasks=5)
    short, long = draw(data, 40, 2, seed=0), draw(data, 40, 4, seed=0)
    assert torch.equal(short.x, long.x[:, :2])
    for one in range(40):
        tasks = {
            task
            for task in range(5)
            for j in range(4)
            if any(torch.equal(long.x[one, j], each) for each in data.x[task])
        }
        assert len(tasks) == 1


@pytest.mark.parametrize(
    ("name", "k", "wanted"),
    [
        ("maml", 2, (1, -2)),
        ("maml", 4, (1, -6)),
        ("first_order_maml", 3, (1, -2)),
        ("reptile", 2, (2, -1)),
        ("reptile", 4, (4, -6)),
        ("reptile", 1, (1, 0)),
    ],
)
def test_the_expected_coefficients_are_the_papers(name, k, wanted):
    assert tuple(expected_coefficients(name, k)) == wanted


@pytest.mark.parametrize(("draws", "minibatches"), [(10, 1), (1, 2)])
def test_too_few_are_refused(draws, minibatches):
    with pytest.raises(ValueError, match="2 minibatches and 2 draws"):
        measured_coefficients(learner(), population(), draws=draws, minibatches=minibatches)


def test_an_unknown_algorithm_is_refused():
    with pytest.raises(ValueError, match="unknown algorithm 'anil': use one of maml"):
        expected_coefficients("anil", 2)
