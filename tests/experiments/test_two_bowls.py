"""Where algorithms settle between two bowls, and the cases in which they do not."""

import pytest
import torch

from metalearn_lab.experiments.two_bowls import Bowls, Ending, bowl_path, losses_along, settled
from metalearn_lab.tasks.quadratics import stationary_point

BOWLS = Bowls((1.0, 9.0), (-1.0, 1.0), 0.1, 1)


def test_the_known_answers():
    points = {1: (0.8, -0.8, 0.0, 0.8), 2: (0.8, -0.9973, -0.8, 0.6780)}
    for k, expected in points.items():
        names = ("joint", "maml", "first_order_maml", "reptile")
        found = [settled(name, BOWLS._replace(inner_steps=k)) for name in names]
        assert [end.point for end in found] == pytest.approx(expected, abs=5e-5)
        assert {end.ending for end in found} == {Ending.SETTLES}


def test_where_it_settles_a_small_outer_step_leads_nearer_and_where_it_flees_farther():
    for alpha in (0.05, 0.15, 0.25):
        for k in (1, 2, 3):
            bowls = BOWLS._replace(inner_lr=alpha, inner_steps=k)
            for name in ("maml", "first_order_maml", "reptile"):
                end = settled(name, bowls)
                theta = end.point + 1.0
                pull = sum(w * (theta - c) for w, c in zip(end.weights, bowls.centres, strict=True))
                assert (pull > 0) == (end.ending is Ending.SETTLES), (alpha, k, name)


def test_beyond_the_centre_first_order_maml_flees():
    end = settled("first_order_maml", BOWLS._replace(inner_lr=0.2))
    assert end.ending is Ending.FLEES
    assert end.point == pytest.approx((-0.8 - 7.2) / (0.8 - 7.2))


def test_weights_that_cancel_drift_and_weights_that_are_zero_stay():
    # (1 − α) + 3(1 − 3α) = 0 at α = 0.4
    cancel = Bowls((1.0, 3.0), (-1.0, 1.0), 0.4, 1)
    assert settled("first_order_maml", cancel)[1:] == (Ending.DRIFTS, None)
    solved = Bowls((2.0, 2.0), (-1.0, 1.0), 0.5, 1)
    assert settled("maml", solved)[1:] == (Ending.STAYS, None)
    assert settled("reptile", BOWLS._replace(inner_lr=0.0))[1:] == (Ending.STAYS, None)


def test_losses_along_are_those_after_the_inner_steps():
    theta = torch.linspace(-2, 2, 5, dtype=torch.float64)
    moved = torch.stack([theta, theta])
    a, c = (torch.tensor(part, dtype=torch.float64)[:, None] for part in BOWLS[:2])
    for k in range(4):
        torch.testing.assert_close(losses_along(BOWLS, theta, k), a / 2 * (moved - c) ** 2)
        moved = moved - 0.1 * a * (moved - c)


def test_mamls_point_is_the_lowest_of_the_mean_after_and_joints_of_the_mean_before():
    theta = torch.linspace(-2, 2, 4001, dtype=torch.float64)
    loop = {"inner_lr": 0.1, "inner_steps": 2}
    for name, steps in (("joint", 0), ("maml", 2)):
        lowest = theta[losses_along(BOWLS, theta, steps).mean(0).argmin()].item()
        exact = stationary_point(name, *BOWLS[:2], **loop)
        assert lowest == pytest.approx(exact, abs=1e-3)


def test_a_path_is_that_of_gradient_descent_in_each_bowl():
    path = bowl_path(BOWLS._replace(inner_lr=0.15, inner_steps=3), 0.4)
    for row, a, c in zip(path, *BOWLS[:2], strict=True):
        place = 0.4
        for found in row.tolist():
            assert found == pytest.approx(place)
            place -= 0.15 * a * (place - c)
