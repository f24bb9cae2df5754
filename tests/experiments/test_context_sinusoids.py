"""Noise of a fixed address, worlds outside the prior, and rows that learners and rules share."""

import math

import pytest
import torch

from metalearn_lab.comparison.context_sinusoids import NAMES
from metalearn_lab.experiments.context_sinusoids import (
    NOISE,
    WITH_BANDS,
    NoisySinusoids,
    exact_bands,
    judged_rows,
    trained,
    worlds,
)
from metalearn_lab.experiments.prior_fitted_lab import judged
from metalearn_lab.tasks.sinusoids import Sinusoids


def test_the_noise_is_that_of_its_address_and_size():
    family = Sinusoids(20, 20, "train")
    clean, noisy = family.batch(50, 40), NoisySinusoids(family).batch(50, 40)
    assert torch.equal(clean.support.x, noisy.support.x)
    assert (noisy.query.y - clean.query.y).std().item() == pytest.approx(NOISE, rel=0.1)
    assert torch.equal(noisy.query.y, NoisySinusoids(family).batch(50, 40).query.y)


def test_the_worlds_leave_the_prior_where_they_say():
    made = worlds("test", 0, 50)
    far = made["x from 5 to 10"]
    assert far.query.x.min() >= 5
    assert far.query.x.max() <= 10
    assert torch.equal(far.support.x, made["inside"].support.x)
    amplitude, phase = Sinusoids(10, 50, "test").curves(0, 50)
    curve = amplitude[:, None] * torch.sin(far.query.x[..., 0] - phase[:, None])
    assert (far.query.y[..., 0] - curve).std().item() == pytest.approx(NOISE, rel=0.1)
    assert made["amplitudes 5 to 10"].support.y.abs().max() > 7
    # sin(x − p) with p in [π, 2π] is −sin(x − p′) with p′ in [0, π]: the family's mean is turned.
    turned, inside = (made[name] for name in ("phases π to 2π", "inside"))
    means = [(task.query.y * task.query.x.cos()).mean() for task in (turned, inside)]
    assert means[0] > 0 > means[1]


@pytest.mark.parametrize("name", NAMES)
def test_every_learner_trains_and_is_judged_at_every_number_of_points(name):
    learner = trained(name, 0, 0.01, 0.003, 3)
    rows = judged_rows(learner, 1, worlds("test", 0, 3)["inside"])
    assert [row["K"] for row in rows] == list(range(1, 11))
    assert all(math.isfinite(row["error"]) for row in rows)
    assert all(("surprise" in row) == (name in WITH_BANDS) for row in rows)


def test_the_exact_rules_know_a_sinusoid_after_ten_points():
    tasks = worlds("test", 0, 20)["inside"]
    for name, band in exact_bands(tasks).items():
        assert judged(band, tasks)["error"] < 2 * NOISE**2, name
