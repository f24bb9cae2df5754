"""Supports of fewer points, judged bands, and that a short training learns a line's prior."""

import math

import pytest
import torch

from metalearn_lab.experiments.line_posterior import line_posterior
from metalearn_lab.experiments.prior_fitted_lab import (
    bands,
    fewer_points,
    first_points,
    judged,
    line_network,
    train,
)
from metalearn_lab.tasks.lines import Lines


def test_supports_have_every_number_of_points():
    batch = fewer_points(Lines(shots=4, queries=3), 2)
    sizes = {batch(i).support.x.shape[1] for i in range(60)}
    assert sizes == {1, 2, 3, 4}
    assert torch.equal(batch(7).query.y, Lines(shots=4, queries=3).batch(14, 2).query.y)
    assert torch.equal(batch(7).support.y, batch(7).support.y)


def test_a_short_training_comes_nearer_to_the_posterior():
    test = first_points(Lines(shots=10, queries=20, split="test").batch(0, 100), 10)
    exact = judged(line_posterior(test.support, test.query.x, 0.3), test)["surprise"]
    learner = line_network()
    before = learner(test) - exact
    train(learner, fewer_points(Lines(shots=10, queries=10), 16), 60, 0.005)
    assert 0 < learner(test) - exact < 0.8 * before


def test_a_new_network_answers_zero_with_one_width():
    mean, width = bands(line_network(), Lines(shots=3, queries=4).batch(0, 2))
    assert (mean == 0).all()
    assert width.std() == 0


def test_bands_are_judged_by_error_surprise_and_share():
    tasks = Lines(shots=3, queries=200).batch(0, 20)
    y = tasks.query.y[..., 0].double()
    found = judged((y + 1, torch.full_like(y, 0.5)), tasks)
    assert found["error"] == pytest.approx(1)
    assert found["surprise"] == pytest.approx(2 + math.log(0.5) + math.log(2 * math.pi) / 2)
    assert found["in band"] == 0
    assert judged((y + 1, torch.full_like(y, 0.52)), tasks)["in band"] == 1
    learner = line_network()
    outputs = learner.model(*tasks.support, tasks.query.x).double()
    mean, width = bands(learner, tasks)
    torch.testing.assert_close(mean, outputs[..., 0].detach())
    expected = 0.1 + 0.9 * torch.nn.functional.softplus(outputs[..., 1]).detach()
    torch.testing.assert_close(width, expected, rtol=1e-5, atol=1e-5)
