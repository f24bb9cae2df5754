"""Meta-gradients against central finite differences, definitions and the product of Hessians."""

import itertools
from functools import partial

import pytest
import torch
from torch import Tensor

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import (
    gradients,
    merged_for,
    sinusoid_learner,
    sinusoids,
    text_learner,
    text_tasks,
)

WORLDS = {"sinusoids": (sinusoid_learner, sinusoids), "text": (text_learner, text_tasks)}


def central_differences(learner: Learner, tasks: Task, step: float = 1e-5) -> dict[str, Tensor]:
    """Every coordinate of every parameter, by moving it."""
    found = {}
    for name, parameter in learner.named_parameters():
        slopes = torch.zeros_like(parameter)
        with torch.no_grad():
            for i in itertools.product(*map(range, parameter.shape)):
                start = parameter[i].item()
                parameter[i] = start + step
                above = learner(tasks)
                parameter[i] = start - step
                below = learner(tasks)
                parameter[i] = start
                slopes[i] = (above - below) / (2 * step)
        found[name] = slopes
    return found


def relative_error(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """Of the whole gradient as one vector."""
    a, b = (torch.cat([g[name].flatten() for name in expected]) for g in (found, expected))
    return ((a - b).norm() / b.norm()).item()


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("kind", [JointPretraining, MAML])
def test_meta_gradient_equals_finite_differences(kind, steps, world):
    make, batch = WORLDS[world]
    learner, tasks = make(kind, inner_steps=steps), merged_for(kind, batch(2))
    found = gradients(learner, tasks)
    assert relative_error(found, central_differences(learner, tasks)) < 1e-6


def test_finite_differences_tell_first_order_from_second():
    """The check above can fail: MAML's meta-loss with the first-order gradient does not pass."""
    learner, tasks = sinusoid_learner(MAML), sinusoids(2)
    shortcut = sinusoid_learner(FirstOrderMAML)
    shortcut.load_state_dict(learner.state_dict())
    assert relative_error(gradients(shortcut, tasks), central_differences(learner, tasks)) > 1e-2


def plain_sgd(learner: Learner, data: Split, steps: int) -> list[Tensor]:
    """Weights after in-place SGD with ``backward``, sharing no code with the learners."""
    module = sinusoid_learner(type(learner)).model
    module.load_state_dict(learner.model.state_dict())
    for _ in range(steps):
        module.zero_grad()
        ((module(data.x) - data.y) ** 2).mean().backward()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.sub_(learner.inner_lr * parameter.grad)
    return module


@pytest.mark.parametrize("steps", [1, 3])
def test_first_order_maml_is_the_query_gradient_at_the_adapted_weights(steps):
    learner, tasks = sinusoid_learner(FirstOrderMAML, inner_steps=steps), sinusoids(3)
    expected = {name: torch.zeros_like(p) for name, p in learner.named_parameters()}
    for i in range(3):
        module = plain_sgd(learner, Split(tasks.support.x[i], tasks.support.y[i]), steps)
        module.zero_grad()
        ((module(tasks.query.x[i]) - tasks.query.y[i]) ** 2).mean().backward()
        for name, parameter in module.named_parameters():
            expected[f"model.{name}"] += parameter.grad / 3
    assert relative_error(gradients(learner, tasks), expected) < 1e-12


@pytest.mark.parametrize("steps", [1, 3])
def test_reptile_is_the_mean_displacement(steps):
    learner, tasks = sinusoid_learner(Reptile, inner_steps=steps), merged_for(Reptile, sinusoids(3))
    expected = {name: torch.zeros_like(p) for name, p in learner.named_parameters()}
    for i in range(3):
        module = plain_sgd(learner, Split(tasks.support.x[i], tasks.support.y[i]), steps)
        for name, parameter in module.named_parameters():
            start = dict(learner.model.named_parameters())[name]
            expected[f"model.{name}"] += (start - parameter).detach() / 3
    assert relative_error(gradients(learner, tasks), expected) < 1e-12


def test_maml_is_the_product_of_one_minus_alpha_hessian():
    """[Π_j (I − αH_j)]ᵀ ∇L_Q(θ_k) with explicit Hessians of the flattened weights."""
    learner, tasks = sinusoid_learner(MAML, inner_steps=3), sinusoids(1)
    support, query = (Split(split.x[0], split.y[0]) for split in tasks)
    names, shapes = zip(*((n, p.shape) for n, p in learner.weights().items()), strict=True)

    def loss(flat: Tensor, split: Split) -> Tensor:
        parts = flat.split([shape.numel() for shape in shapes])
        weights = {n: p.view(s) for n, p, s in zip(names, parts, shapes, strict=True)}
        return learner.loss_at(weights, split)

    theta = torch.cat([p.detach().flatten() for p in learner.weights().values()])
    product = torch.eye(len(theta), dtype=theta.dtype)
    for _ in range(3):
        hessian = torch.autograd.functional.hessian(partial(loss, split=support), theta)
        product = (torch.eye(len(theta), dtype=theta.dtype) - learner.inner_lr * hessian) @ product
        theta = theta - learner.inner_lr * torch.func.grad(loss)(theta, support)
    expected = product.T @ torch.func.grad(loss)(theta, query)
    found = torch.cat([g.flatten() for g in gradients(learner, tasks).values()])
    assert ((found - expected).norm() / expected.norm()).item() < 1e-12
