"""Quadratic tasks in the plane: their data, their closed forms, and the learners on them."""

import math

import pytest
import torch
from torch import nn

from metalearn_lab.evaluation.meta_gradient_check import meta_gradient
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.tasks.planar_quadratics import planar_quadratics
from metalearn_lab.tasks.quadratics import half_squared_error, stationary_point

KINDS = {
    "joint": JointPretraining,
    "maml": MAML,
    "first_order_maml": FirstOrderMAML,
    "reptile": Reptile,
}
BOWLS = planar_quadratics(
    [(9, 0.6), (7, 0.5), (1.5, 1.5)], [20, 110, 0], [(-2, -1), (2, 0.4), (0, 2)]
)
PHI = torch.tensor([0.7, -1.1], dtype=torch.float64)


def at(phi):
    model = nn.Linear(2, 1, bias=False).double()
    model.weight.data[0] = phi
    return model


def test_a_task_has_its_two_curvatures_along_its_directions():
    [curvature] = planar_quadratics([(9, 0.6)], [30], [(0, 0)]).curvatures
    along = torch.tensor([math.cos(math.pi / 6), math.sin(math.pi / 6)]).double()
    across = torch.stack([-along[1], along[0]])
    torch.testing.assert_close(curvature @ along, 9 * along)
    torch.testing.assert_close(curvature @ across, 0.6 * across)


def test_the_data_has_the_loss_and_the_centres_are_the_optima():
    support = BOWLS.tasks().support
    model = at(PHI)
    losses = [half_squared_error(model(x), y) for x, y in zip(*support, strict=True)]
    torch.testing.assert_close(torch.stack(losses).mean(), BOWLS.loss(PHI))
    grid = torch.stack([PHI, BOWLS.centres[0]])
    torch.testing.assert_close(BOWLS.loss(grid)[0], BOWLS.loss(PHI))
    at_home = BOWLS.loss_after(PHI, inner_lr=0.1, inner_steps=2000)
    assert at_home.item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_the_adapted_points_are_where_a_learner_ends(steps):
    learner = MAML(at(PHI), half_squared_error, inner_lr=0.1, inner_steps=steps)
    tasks = BOWLS.tasks()
    ended = learner.adapt(tasks.support)[-1]["weight"][:, 0]
    torch.testing.assert_close(BOWLS.adapted(PHI, inner_lr=0.1, inner_steps=steps), ended)
    if steps:
        after = BOWLS.loss_after(PHI, inner_lr=0.1, inner_steps=steps)
        torch.testing.assert_close(after, learner(tasks).detach())


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("steps", [1, 3])
def test_the_learners_meta_gradient_is_zero_where_the_closed_form_settles(name, steps):
    point = BOWLS.stationary_point(name, inner_lr=0.1, inner_steps=steps)
    learner = KINDS[name](at(point), half_squared_error, inner_lr=0.1, inner_steps=steps)
    [there] = meta_gradient(learner, BOWLS.tasks(), "loop").values()
    assert there.abs().max() < 1e-12
    learner.model.weight.data[0] = PHI
    [elsewhere] = meta_gradient(learner, BOWLS.tasks(), "loop").values()
    assert elsewhere.norm() > 0.01


@pytest.mark.parametrize("name", KINDS)
def test_along_a_line_it_is_the_one_weight_closed_form(name):
    line = planar_quadratics([(1, 1), (9, 9)], [0, 0], [(-1, -1), (1, 1)])
    point = line.stationary_point(name, inner_lr=0.1, inner_steps=2)
    exact = stationary_point(name, (1.0, 9.0), (-1.0, 1.0), inner_lr=0.1, inner_steps=2)
    assert point.tolist() == pytest.approx([exact, exact])


def test_reptile_leaves_the_joint_optimum_with_its_second_step_and_tends_to_the_plain_mean():
    joint = BOWLS.stationary_point("joint", inner_lr=0.1, inner_steps=1)
    away = [
        (BOWLS.stationary_point("reptile", inner_lr=0.1, inner_steps=k) - joint).norm().item()
        for k in (1, 2, 5, 20)
    ]
    assert away[0] == pytest.approx(0, abs=1e-12)
    assert away == sorted(away)
    last = BOWLS.stationary_point("reptile", inner_lr=0.1, inner_steps=5000)
    torch.testing.assert_close(last, BOWLS.centres.mean(0))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([(1, 1)], [0, 0], [(0, 0)]), "got 1, 2 and 1"),
        (([], [], []), "at least one"),
        (([(1, 0)], [0], [(0, 0)]), "curvatures must be positive"),
    ],
)
def test_bad_input_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        planar_quadratics(*given)


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_the_gradient_after_the_steps_is_that_of_autograd_at_many_starts(steps):
    starts = torch.stack([PHI, -PHI, BOWLS.centres[1]]).requires_grad_()
    losses = BOWLS.loss_after(starts, inner_lr=0.1, inner_steps=steps)
    [slopes] = torch.autograd.grad(losses.sum(), starts)
    found = BOWLS.gradient_after(starts.detach(), inner_lr=0.1, inner_steps=steps)
    torch.testing.assert_close(found, slopes)
    alone = BOWLS.loss_after(PHI, inner_lr=0.1, inner_steps=steps)
    torch.testing.assert_close(losses[0].detach(), alone)
    if not steps:
        torch.testing.assert_close(losses.detach(), BOWLS.loss(starts).detach())
