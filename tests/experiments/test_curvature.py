"""The largest curvature is the largest eigenvalue of the Hessian."""

import pytest
import torch
from torch.func import functional_call, grad, jacrev
from torch.nn import functional as F

from metalearn_lab.experiments.curvature import largest_curvature
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
