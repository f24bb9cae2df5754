"""The largest curvature is the largest eigenvalue of the Hessian; a step is followed along."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, jacrev
from torch.nn import functional as F

from metalearn_lab.experiments.curvature import along_step, largest_curvature
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.quadratics import Weight, half_squared_error, quadratic_tasks
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split


def test_a_bowl_has_its_own_curvature():
    learner = MAML(Weight(0.3), half_squared_error, inner_lr=0.1, inner_steps=1)
    support = quadratic_tasks([1.0, 9.0, 0.5], [0.0, 2.0, -1.0]).support
    torch.testing.assert_close(largest_curvature(learner, support), torch.tensor([1.0, 9.0, 0.5]))


@pytest.mark.parametrize("adapts", ["*", "head.*"])
@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_a_network_has_the_largest_eigenvalue_of_its_hessian(adapts, mapping):
    learner = MAML(
        MLP([1, 4, 1], activation="tanh"),
        F.mse_loss,
        inner_lr=0.1,
        inner_steps=1,
        adapts=adapts,
        mapping=mapping,
    ).double()
    support = Split(*(part.double() for part in Sinusoids().batch(0, 2).support))
    theta = {name: weight.detach() for name, weight in learner.weights().items()}
    moving = {name: theta[name] for name in learner.adapted_names}
    wanted = []
    for x, y in zip(*support, strict=True):

        def loss(part, x=x, y=y):
            return F.mse_loss(functional_call(learner.model, {**theta, **part}, (x,)), y)

        blocks = jacrev(grad(loss))(moving)
        rows = [
            torch.cat(
                [blocks[n][m].reshape(moving[n].numel(), moving[m].numel()) for m in moving], 1
            )
            for n in moving
        ]
        wanted.append(torch.linalg.eigvalsh(torch.cat(rows)).abs().max())
    found = largest_curvature(learner, support, iterations=300)
    torch.testing.assert_close(found, torch.stack(wanted), rtol=1e-6, atol=0)


def test_no_curvature_is_zero_and_no_nan():
    learner = MAML(MLP([1, 1]), lambda out, y: out.mean(), inner_lr=0.1, inner_steps=1)
    assert largest_curvature(learner, Sinusoids().batch(0, 2).support).tolist() == [0.0, 0.0]


def test_along_a_step_a_bowl_is_its_own_parabola():
    learner = MAML(Weight(0.3), half_squared_error, inner_lr=0.1, inner_steps=1).double()
    centres = [0.0, 2.0, -1.0]
    split = quadratic_tasks([1.0, 9.0, 25.0], centres).support
    support = Split(*(part.double() for part in split))
    profile = along_step(learner, support, (0, 0.5, 1, 2))
    curvature = torch.tensor([[0.1], [0.9], [2.5]]).expand(3, 4).double()
    torch.testing.assert_close(profile.curvature, curvature, rtol=1e-5, atol=0)
    torch.testing.assert_close(profile.loss, profile.parabola, rtol=1e-5, atol=1e-9)
    rises = profile.loss[:, 2] > profile.loss[:, 0]
    assert rises.tolist() == [False, False, True]  # only where αa > 2


def test_along_a_step_of_a_network_both_are_those_of_plain_autograd():
    model = MLP([1, 4, 1], activation="tanh")
    learner = MAML(model, F.mse_loss, inner_lr=0.2, inner_steps=1).double()
    support = Split(*(part.double() for part in Sinusoids().batch(0, 2).support))
    profile = along_step(learner, support, (0, 1))
    theta = {name: weight.detach() for name, weight in learner.weights().items()}
    for i, (x, y) in enumerate(zip(*support, strict=True)):

        def loss(step, x=x, y=y, g=None):
            moved = {name: theta[name] - 0.2 * step * g[name] for name in theta}
            return F.mse_loss(functional_call(learner.model, moved, (x,)), y)

        g = grad(lambda t, x=x, y=y: F.mse_loss(functional_call(learner.model, t, (x,)), y))(theta)
        squared = sum(part.square().sum() for part in g.values())
        for j, step in enumerate((0.0, 1.0)):
            at = torch.tensor(step, dtype=torch.float64)
            torch.testing.assert_close(profile.loss[i, j], loss(at, g=g))
            second = grad(grad(lambda t, g=g, f=loss: f(t, g=g)))(at) / (0.2 * squared)
            torch.testing.assert_close(profile.curvature[i, j], second)
        at_theta = profile.curvature[i, 0]
        parabola = loss(0.0, g=g) - 0.2 * squared * (1 - at_theta / 2)
        torch.testing.assert_close(profile.parabola[i, 1], parabola)


def test_along_a_step_there_is_no_dropout():
    model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1)).train()
    learner = MAML(model, F.mse_loss, inner_lr=0.1, inner_steps=1)
    support = Sinusoids().batch(0, 2).support
    loss = along_step(learner, support, (0,)).loss[:, 0]
    assert model.training
    outputs = model.eval()(support.x).detach()
    torch.testing.assert_close(loss, (outputs - support.y).square().mean((1, 2)))


def test_a_step_is_followed_from_its_start():
    learner = MAML(MLP([1, 1]), F.mse_loss, inner_lr=0.1, inner_steps=1)
    with pytest.raises(ValueError, match="first share"):
        along_step(learner, Sinusoids().batch(0, 2).support, (0.5, 1))
