"""iMAML against closed forms, explicit solves and the gradient of the unrolled inner loop."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.conjugate_gradient import conjugate_gradient
from metalearn_lab.learners.imaml import IMAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.quadratics import Weight, half_squared_error, quadratic_tasks
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split
from tests.learners.builders import (
    gradients,
    sinusoid_learner,
    sinusoids,
    text_learner,
    text_tasks,
)

STEEP = {"inner_lr": 0.03, "regularisation": 10.0}  # H + λI is positive definite, α(λ + H) < 2


class Unrolled(IMAML):
    """The exact gradient of the same inner loop, through its graph."""

    def meta_loss(self, task):
        phi = self.inner_loop(self.weights(), task.support, self.inner_steps)[-1]
        return self.loss_at(phi, task.query)


def as_vector(gradient: dict[str, Tensor]) -> Tensor:
    return torch.cat([part.flatten() for part in gradient.values()])


def error(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    a, b = as_vector(found), as_vector(expected)
    return ((a - b).norm() / b.norm()).item()


@given(a=st.floats(0.1, 9), c=st.floats(-3, 3), theta=st.floats(-3, 3), strength=st.floats(0.1, 9))
def test_on_a_quadratic_it_is_the_closed_form(a, c, theta, strength):
    """φ* = (ac + λθ)/(a + λ), one step of α = 1/(a + λ) away; dL_Q/dθ = aλ²(θ − c)/(a + λ)²."""
    model = Weight(theta).double()
    tasks = type(t := quadratic_tasks([a], [c]))(*(Split(*map(Tensor.double, s)) for s in t))
    learner = IMAML(
        model,
        half_squared_error,
        inner_lr=1 / (a + strength),
        inner_steps=1,
        regularisation=strength,
        cg_steps=2,
    )
    loss = learner(tasks)
    loss.backward()
    solution = (a * c + strength * theta) / (a + strength)
    slope = a * strength**2 * (theta - c) / (a + strength) ** 2
    # The tasks are made in single precision.
    assert learner.adapt(tasks.support)[-1]["theta"].item() == pytest.approx(solution, abs=1e-5)
    assert loss.item() == pytest.approx(a / 2 * (solution - c) ** 2, abs=1e-4)
    assert model.theta.grad.item() == pytest.approx(slope, abs=1e-4)


@pytest.mark.parametrize("adapts", ["*", "head.*", "body.*"])
def test_it_nears_the_exact_gradient_as_the_inner_solve_tightens(adapts):
    def distance(steps: int) -> float:
        shared = {"inner_steps": steps, "cg_steps": 25, "adapts": adapts, **STEEP}
        implicit, unrolled = (sinusoid_learner(kind, **shared) for kind in (IMAML, Unrolled))
        return error(gradients(implicit, sinusoids()), gradients(unrolled, sinusoids()))

    distances = [distance(steps) for steps in (5, 20, 60, 120)]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 0.02
    assert distances[-1] < 1e-3


def test_more_products_bring_it_nearer_to_the_explicit_solve():
    """(I + H/λ)⁻¹ ∇L_Q(φ) with H the explicit Hessian of the flattened weights."""
    support, query = (Split(split.x[0], split.y[0]) for split in sinusoids(1))
    learner = sinusoid_learner(IMAML, inner_steps=20, **STEEP)
    phi = {n: w.detach() for n, w in learner.inner_loop(learner.weights(), support, 20)[-1].items()}

    def loss(flat: Tensor, split: Split) -> Tensor:
        parts = torch.split(flat, [w.numel() for w in phi.values()])
        weights = {n: p.view(w.shape) for (n, w), p in zip(phi.items(), parts, strict=True)}
        return learner.loss_at(weights, split)

    flat = as_vector(phi)
    hessian = torch.autograd.functional.hessian(partial(loss, split=support), flat)
    system = torch.eye(len(flat), dtype=flat.dtype) + hessian / learner.regularisation
    assert torch.linalg.eigvalsh(system).min() > 0
    expected = torch.linalg.solve(system, torch.func.grad(loss)(flat, query))

    def distance(products: int) -> float:
        learner.cg_steps = products
        found = as_vector(learner.implicit_gradient(phi, type(sinusoids(1))(support, query)))
        return ((found - expected).norm() / expected.norm()).item()

    distances = [distance(products) for products in (1, 3, 6, 12, 30)]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-10


@pytest.mark.parametrize("adapts", ["*", "head.*"])
def test_vectorised_equals_looped(adapts):
    shared = {"inner_lr": 0.1, "regularisation": 2.0, "inner_steps": 6, "adapts": adapts}
    tasks = text_tasks()
    looped = gradients(text_learner(IMAML, mapping="loop", **shared), tasks)
    assert error(gradients(text_learner(IMAML, mapping="vmap", **shared), tasks), looped) < 1e-12


def test_the_public_check_passes_where_both_are_solved():
    """Central differences of L_Q(φ*): the gradient is that of the loss, for every weight."""
    model = MLP([1, 3, 1], activation="tanh")
    near = {"inner_lr": 0.2, "regularisation": 3.0, "adapts": "head.*"}
    tight = IMAML(model, F.mse_loss, inner_steps=60, cg_steps=8, **near)
    report = check_meta_gradient(tight, sinusoids(2))
    assert report.passed, report
    loose = IMAML(model, F.mse_loss, inner_steps=2, cg_steps=8, **near)
    assert not check_meta_gradient(loose, sinusoids(2)).passed


def test_a_strong_pull_keeps_the_weights_at_theta():
    """λ → ∞ with αλ = 1: φ* → θ and the gradient is that of pretraining."""
    learner = sinusoid_learner(IMAML, inner_lr=1e-8, regularisation=1e8, inner_steps=2)
    learner(tasks := sinusoids()).backward()
    found = {name: p.grad for name, p in learner.model.named_parameters()}
    losses = [
        learner.loss_at(learner.weights(), Split(tasks.query.x[i], tasks.query.y[i]))
        for i in range(3)
    ]
    expected = torch.autograd.grad(sum(losses) / 3, list(learner.model.parameters()))
    assert error(found, dict(zip(found, expected, strict=True))) < 1e-5


@settings(max_examples=25)
@given(n=st.integers(1, 8), seed=st.integers(0, 1000))
def test_conjugate_gradient_solves_in_as_many_products_as_unknowns(n, seed):
    numbers = generator("conjugate gradient", seed)
    root = torch.randn(n, n, dtype=torch.float64, generator=numbers)
    matrix = root @ root.T + torch.eye(n, dtype=torch.float64)
    b = torch.randn(n, dtype=torch.float64, generator=numbers)
    x = conjugate_gradient(lambda v: matrix @ v, b, n)
    assert torch.allclose(x, torch.linalg.solve(matrix, b), rtol=1e-6, atol=1e-9)


def test_conjugate_gradient_stays_once_it_is_there():
    identity = conjugate_gradient(lambda v: v, torch.tensor([3.0, -4.0]), 10)
    assert torch.equal(identity, torch.tensor([3.0, -4.0]))
    assert torch.equal(conjugate_gradient(lambda v: v, torch.zeros(2), 3), torch.zeros(2))


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        ({"regularisation": 0}, "regularisation must be a positive number, got 0"),
        ({"regularisation": -2.0}, "regularisation must be a positive number, got -2.0"),
        ({"regularisation": float("inf")}, "must be a positive number, got inf"),
        ({"regularisation": float("nan")}, "must be a positive number, got nan"),
        ({"regularisation": 1.0, "cg_steps": 0}, "cg_steps must be 1 or more, got 0"),
        ({"regularisation": 1.0, "replay": True}, "keeps no graph .* leave replay out"),
    ],
)
def test_settings_out_of_range_are_refused(given_settings, message):
    with pytest.raises(ValueError, match=message):
        sinusoid_learner(IMAML, **given_settings)
