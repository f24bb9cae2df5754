"""Four algorithms, four answers: where each settles on two bowls, in closed form."""

import pytest
import torch

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.tasks.quadratics import (
    Weight,
    half_squared_error,
    quadratic_tasks,
    stationary_point,
)

KINDS = {
    "joint": JointPretraining,
    "maml": MAML,
    "first_order_maml": FirstOrderMAML,
    "reptile": Reptile,
}
BOWLS = {"curvatures": (1.0, 9.0), "centres": (-1.0, 1.0)}
KNOWN = [
    ("joint", 1, 0.8),
    ("joint", 5, 0.8),
    ("maml", 1, -0.8),
    ("first_order_maml", 1, 0.0),
    ("reptile", 1, 0.8),
    ("maml", 2, -0.9973),
    ("first_order_maml", 2, -0.8),
    ("reptile", 2, 0.6780),
    ("maml", 5, -1.0000),
    ("first_order_maml", 5, -0.9997),
    ("reptile", 5, 0.4189),
]


@pytest.fixture(autouse=True)
def _float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("name", "steps", "answer"), KNOWN)
def test_closed_form_has_the_known_values(name, steps, answer):
    found = stationary_point(name, **BOWLS, inner_lr=0.1, inner_steps=steps)
    assert found == pytest.approx(answer, abs=5e-5)


@pytest.mark.parametrize(("name", "steps", "answer"), KNOWN)
def test_training_settles_where_the_closed_form_says(name, steps, answer):
    """A meta-gradient linear in θ is zero at one point: two evaluations find it exactly."""
    tasks = quadratic_tasks(**BOWLS)

    def slope(theta: float) -> float:
        model = Weight(theta)
        learner = KINDS[name](model, half_squared_error, inner_lr=0.1, inner_steps=steps)
        learner(tasks).backward()
        return model.theta.grad.item()

    at_zero, at_one = slope(0.0), slope(1.0)
    settled = at_zero / (at_zero - at_one)
    exact = stationary_point(name, **BOWLS, inner_lr=0.1, inner_steps=steps)
    assert settled == pytest.approx(exact, abs=1e-12)
    assert settled == pytest.approx(answer, abs=5e-5)


@pytest.mark.parametrize("name", KINDS)
def test_outer_gradient_descent_reaches_it(name):
    tasks = quadratic_tasks(**BOWLS)
    model = Weight(3.0)
    learner = KINDS[name](model, half_squared_error, inner_lr=0.1, inner_steps=2)
    optimizer = torch.optim.SGD(learner.parameters(), lr=0.2)
    for _ in range(2000):
        optimizer.zero_grad()
        learner(tasks).backward()
        optimizer.step()
    exact = stationary_point(name, **BOWLS, inner_lr=0.1, inner_steps=2)
    assert model.theta.item() == pytest.approx(exact, abs=1e-9)
