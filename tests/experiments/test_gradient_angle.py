"""Both meta-gradients are those of the learners; the angle is zero where nothing is dropped."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import meta_gradient
from metalearn_lab.experiments.gradient_angle import (
    angles,
    curvature_of_the_loss,
    gradient_angles,
    meta_gradients,
)
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task


def sinusoids(count=3, **sizes):
    tasks = Sinusoids(**sizes).batch(0, count)
    return Task(*(Split(split.x.double(), split.y.double()) for split in tasks))


def linear_loss(output, target):
    """A loss without curvature in the output."""
    return (output * target).mean()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize(("field", "kind"), [("exact", MAML), ("first_order", FirstOrderMAML)])
def test_after_every_number_of_steps_they_are_the_learners_own(activation, field, kind):
    model, tasks = MLP([1, 6, 6, 1], activation=activation).double(), sinusoids()
    measured = getattr(meta_gradients(model, F.mse_loss, tasks, 0.02, steps=4), field)
    for k in range(1, 5):
        learner = kind(model, F.mse_loss, inner_lr=0.02, inner_steps=k)
        gradient = meta_gradient(learner, tasks, "loop")
        wanted = torch.cat([part.flatten() for part in gradient.values()])
        torch.testing.assert_close(measured[:, k - 1].mean(0), wanted, rtol=1e-10, atol=1e-12)


def test_without_curvature_nothing_is_dropped():
    line, tasks = nn.Linear(1, 1).double(), sinusoids()
    exact, first_order = meta_gradients(line, linear_loss, tasks, 0.5, steps=5)
    assert torch.equal(exact, first_order)
    curved, dropped = meta_gradients(line, F.mse_loss, tasks, 0.5, steps=5)
    assert not torch.allclose(curved, dropped)


def test_the_angle_goes_to_zero_in_proportion_to_the_inner_rate():
    found = gradient_angles(
        MLP([1, 6, 6, 1], activation="tanh"), F.mse_loss, sinusoids(), (1e-7, 1e-6, 1e-5), steps=3
    )
    ratios = found.degrees[1:] / found.degrees[:-1]
    torch.testing.assert_close(ratios, torch.full_like(ratios, 10.0), rtol=1e-3, atol=0)
    assert found.degrees.max() < 0.1


def test_angles_are_exact_where_they_are_tiny_right_and_straight():
    one = torch.tensor([1.0, 0.0], dtype=torch.float64)
    turned = [1e-12, 0.5, math.pi / 2, math.pi]
    others = torch.tensor([[2 * math.cos(t), 2 * math.sin(t)] for t in turned]).double()
    wanted = torch.tensor([math.degrees(t) for t in turned]).double()
    others[0] = torch.tensor([1.0, 1e-12])
    torch.testing.assert_close(angles(one, others), wanted, rtol=1e-6, atol=0)


def test_an_inner_loop_that_leaves_the_numbers_has_no_angle_and_the_model_is_untouched():
    model = MLP([1, 6, 6, 1])
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    found = gradient_angles(model, F.mse_loss, sinusoids(), (0.01, 1e9), steps=10)
    assert found.degrees[0].isfinite().all()
    assert found.degrees[1, -1].isnan().any()
    assert found.curvature.shape == (3,)
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert next(model.parameters()).dtype == torch.float32


def test_a_step_across_a_bowl_turns_the_exact_gradient_round_and_not_the_other():
    """On one weight the exact factor is 1 − αa: beyond αa = 1, k = 1, the angle is 180°."""
    weight = nn.Linear(1, 1, bias=False).double()
    split = Split(torch.ones(1, 1, 1).double(), torch.full((1, 1, 1), 5.0).double())
    degrees = gradient_angles(weight, F.mse_loss, Task(split, split), (0.4, 0.6), steps=2).degrees
    # The curvature of a mean squared error is 2.
    assert degrees[:, :, 0].tolist() == [[0.0, 0.0], [pytest.approx(180.0), 0.0]]


@pytest.mark.parametrize(("rate", "steps"), [(-0.1, 1), (0.1, -1)])
def test_bad_settings_are_refused(rate, steps):
    with pytest.raises(ValueError, match="must be 0"):
        gradient_angles(MLP([1, 2, 1]), F.mse_loss, sinusoids(), (rate,), steps=steps)


def test_without_residuals_all_curvature_is_that_of_the_loss():
    model, tasks = MLP([1, 6, 6, 1], activation="tanh").double(), sinusoids()
    fitted = Task(*(Split(split.x, model(split.x).detach()) for split in tasks))
    measured = gradient_angles(model, F.mse_loss, fitted, (0.01,), steps=1).curvature
    alone = curvature_of_the_loss(model, tasks.support.x)
    torch.testing.assert_close(alone, measured, rtol=1e-6, atol=0)
