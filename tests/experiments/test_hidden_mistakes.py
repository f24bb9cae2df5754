"""Where each program settles on two bowls, and the slope that tells a wrong gradient."""

import pytest
import torch

from metalearn_lab.experiments.hidden_mistakes import (
    IN_PLACE,
    NO_GRAPH,
    NOT_USED,
    LossAtTheta,
    NoGraph,
    QueryIsSupport,
    outer_path,
    outer_step,
    slope_error,
)
from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.maml import MAML
from metalearn_lab.tasks.quadratics import stationary_point
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Task
from tests.learners.builders import gradients, sinusoid_learner, sinusoids

BOWLS = Bowls((1.0, 6.0), (-1.0, 2.0), 0.1, 1)


@pytest.mark.parametrize(
    ("mistake", "algorithm"),
    [(None, "maml"), (NO_GRAPH, "first_order_maml"), (NOT_USED, "joint")],
)
def test_a_program_settles_where_its_algorithm_does(mistake, algorithm):
    exact = stationary_point(
        algorithm, BOWLS.curvatures, BOWLS.centres, inner_lr=0.1, inner_steps=1
    )
    assert outer_path(BOWLS, 0.3, 0.1, 400, mistake)[-1] == pytest.approx(exact)


def test_only_the_step_in_place_moves_the_start():
    for mistake in (None, NO_GRAPH, NOT_USED):
        assert outer_step(BOWLS, 0.3, mistake).start == 0.3
    moved = -1 + 0.9 * (0.3 + 1)
    assert outer_step(BOWLS, 0.3, IN_PLACE).start == pytest.approx(2 + 0.4 * (moved - 2))


def test_the_slope_tells_a_wrong_gradient_and_leaves_the_weights():
    errors = {}
    for kind in (MAML, FirstOrderMAML):
        learner = sinusoid_learner(kind)
        before = [w.clone() for w in learner.parameters()]
        errors[kind] = slope_error(learner, sinusoids())
        assert all(map(torch.equal, before, learner.parameters()))
    assert errors[MAML] < 1e-5
    assert errors[FirstOrderMAML] > 1e-3


def flat_gradient(learner):
    return torch.cat([part.flatten() for part in gradients(learner, sinusoids()).values()])


@pytest.mark.parametrize("seed", [0, 1])
def test_the_error_is_relative_and_along_the_direction_of_its_seed(seed):
    exact, claimed = (flat_gradient(sinusoid_learner(kind)) for kind in (MAML, FirstOrderMAML))
    d = torch.randn(exact.shape, generator=generator("direction", seed), dtype=exact.dtype)
    error = slope_error(sinusoid_learner(FirstOrderMAML), sinusoids(), seed)
    assert error == pytest.approx(abs(float(d @ (claimed - exact)) / float(d @ exact)), rel=1e-4)


def test_each_mistaken_learner_makes_its_mistake():
    tasks = sinusoids()
    mistaken = {kind: sinusoid_learner(kind) for kind in (NoGraph, LossAtTheta, QueryIsSupport)}
    first_order = flat_gradient(sinusoid_learner(FirstOrderMAML))
    torch.testing.assert_close(flat_gradient(mistaken[NoGraph]), first_order)
    unmoved = sinusoid_learner(MAML, inner_steps=0)(tasks)
    torch.testing.assert_close(mistaken[LossAtTheta](tasks), unmoved)
    on_support = sinusoid_learner(MAML)(Task(tasks.support, tasks.support))
    torch.testing.assert_close(mistaken[QueryIsSupport](tasks), on_support)
