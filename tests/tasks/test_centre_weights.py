"""The weights of the centres are those of each algorithm's own update."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.tasks.quadratics import (
    Weight,
    centre_weights,
    half_squared_error,
    quadratic_tasks,
)
from metalearn_lab.tasks.types import Split, Task

KINDS = {
    "joint": JointPretraining,
    "maml": MAML,
    "first_order_maml": FirstOrderMAML,
    "reptile": Reptile,
}
curvatures = st.floats(0.1, 10)
numbers = st.floats(-3, 3)


@pytest.mark.parametrize("name", KINDS)
@given(a=curvatures, c=numbers, theta=numbers, alpha=st.floats(0.001, 0.4), k=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_the_update_is_the_weighted_way_to_the_centre(name, a, c, theta, alpha, k):
    model = Weight(theta)
    learner = KINDS[name](model, half_squared_error, inner_lr=alpha, inner_steps=k).double()
    start = model.theta.item()  # rounded, for it began as a float32
    batch = Task(*(Split(*(part.double() for part in s)) for s in quadratic_tasks([a], [c])))
    gradient = torch.autograd.grad(learner(batch), model.theta)[0].item()
    [weight] = centre_weights(name, [a], inner_lr=alpha, inner_steps=k)
    # The tasks are made in float32, so a and c are theirs to seven digits.
    assert gradient == pytest.approx(weight * (start - c), rel=1e-4, abs=1e-4)


def test_beyond_the_centre_odd_steps_of_first_order_maml_flee_and_maml_never_does():
    for k in (1, 2, 3):
        [first_order] = centre_weights("first_order_maml", [4.0], inner_lr=0.4, inner_steps=k)
        [maml] = centre_weights("maml", [4.0], inner_lr=0.4, inner_steps=k)
        assert (first_order < 0) == (k % 2 == 1)
        assert maml > 0
