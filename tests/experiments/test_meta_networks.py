"""Chapter 08's Gaussian process against a line of two weights, its tasks, errors and sketch."""

import math
import re
from pathlib import Path

import pytest
import torch

from metalearn_lab.experiments.article_sketch import train_sketch
from metalearn_lab.experiments.meta_network_lab import (
    MetaNetworkLab,
    best_trials,
    embeddings,
    error_table,
    errors_along,
    sinusoids_between,
    without_diverged,
)
from metalearn_lab.experiments.sinusoid_process import (
    MEAN,
    VARIANCES,
    covariance,
    posterior,
    process_errors,
    share_in_band,
)
from metalearn_lab.models.weight_generators import FullWeights
from metalearn_lab.tasks.sinusoids import Sinusoids

NOISE = 0.1


@pytest.fixture
def lab():
    return MetaNetworkLab(shots=5, meta_batch=4, iterations=3, seed=0)


def test_the_process_has_the_mean_and_the_covariance_of_the_family():
    amplitude, phase = Sinusoids(split="moments").curves(0, 200_000)
    x = torch.linspace(-5, 5, 7)
    y = (amplitude[:, None] * torch.sin(x - phase[:, None])).double()
    torch.testing.assert_close(y.mean(0), MEAN * x.double().cos(), atol=0.02, rtol=0)
    torch.testing.assert_close(y.T.cov(), covariance(x.double(), x.double()), atol=0.05, rtol=0)


def test_its_posterior_is_bayesian_regression_on_sine_and_cosine():
    numbers = torch.Generator().manual_seed(0)
    x, y = 4 * torch.randn(2, 5, generator=numbers, dtype=torch.float64)
    at = torch.linspace(-5, 5, 9, dtype=torch.float64)

    def features(x):
        return torch.stack([x.sin(), x.cos()], 1)

    precision = torch.tensor(VARIANCES).double().reciprocal().diag()
    precision = precision + features(x).T @ features(x) / NOISE**2
    prior = torch.tensor([0.0, MEAN], dtype=torch.float64)
    shift = torch.linalg.solve(precision, features(x).T @ (y - features(x) @ prior) / NOISE**2)
    spread = features(at) @ torch.linalg.inv(precision) @ features(at).T
    mean, width = posterior(x, y, at, NOISE)
    torch.testing.assert_close(mean, features(at) @ (prior + shift), rtol=1e-8, atol=1e-8)
    expected = (spread.diagonal() + NOISE**2).sqrt()
    torch.testing.assert_close(width, expected, rtol=1e-8, atol=1e-8)


def test_without_points_it_is_the_prior():
    none, at = torch.zeros(0), torch.linspace(-5, 5, 9)
    mean, width = posterior(none, none, at, NOISE)
    torch.testing.assert_close(mean, MEAN * at.double().cos())
    prior = covariance(at.double(), at.double()).diagonal() + NOISE**2
    torch.testing.assert_close(width, prior.sqrt())


def test_two_points_without_noise_fix_a_sinusoid():
    x, at = torch.tensor([0.3, 1.9]), torch.linspace(-5, 5, 9)
    mean, _ = posterior(x, 7 * (x - 4.0).sin(), at, 1e-6)
    torch.testing.assert_close(mean, 7 * (at.double() - 4.0).sin(), atol=1e-4, rtol=0)


def test_its_errors_on_tasks_are_those_of_its_mean():
    tasks = Sinusoids(5, 6).batch(0, 3)
    [x, y], [at, target] = ([part[1, :, 0] for part in split] for split in tasks)
    expected = ((posterior(x, y, at, NOISE)[0] - target) ** 2).mean()
    torch.testing.assert_close(process_errors(tasks, NOISE)[1], expected)


def test_sinusoids_between_have_their_amplitudes_and_phases():
    tasks = sinusoids_between((5.0, 10.0), (math.pi, 2 * math.pi), 50, shots=200, queries=3)
    sizes = tasks.support.y.abs().amax((1, 2))
    assert 4.9 < sizes.min() < sizes.max() < 10
    at_zero = -sizes * torch.sin(torch.tensor(1.5 * math.pi))  # A sin(0 − 3π/2) > 0
    assert (at_zero > 0).all()
    assert tasks.query.x.shape == (50, 3, 1)
    again = sinusoids_between((5.0, 10.0), (math.pi, 2 * math.pi), 50, shots=200, queries=3)
    assert torch.equal(again.query.y, tasks.query.y)


def test_every_learner_of_the_lab_trains_and_is_judged(lab):
    tasks = Sinusoids(5, 6, "test").batch(0, 4)
    learners = {
        "hypernetwork": lab.train(lab.hypernetwork(FullWeights, embedding=2), 0.01),
        "neural process": lab.train(lab.neural_process(), 0.01),
        "MAML": lab.train(lab.maml(0.01, 1), 0.01),
    }
    errors = {name: errors_along(each, tasks, 2) for name, each in learners.items()}
    assert {each.shape for each in errors.values()} == {(4, 3)}
    assert embeddings(learners["hypernetwork"], tasks.support).shape == (4, 2)
    outputs = learners["MAML"].predict(learners["MAML"].adapt(tasks.support, 2)[2], tasks.query.x)
    expected = ((outputs - tasks.query.y) ** 2).mean((1, 2))
    torch.testing.assert_close(errors["MAML"][:, 2], expected)
    table = error_table({name: each[:, 0] for name, each in errors.items()}, learners)
    assert list(table["numbers emitted"]) == ["1,761", "–", "–"]
    assert 0 <= share_in_band(learners["neural process"], tasks) <= 1


def test_every_method_had_as_many_trials_and_the_chapter_trains_with_the_best():
    table = best_trials()
    assert table.trials.nunique() == 1
    assert (table["error of the best"] <= table["of the worst"]).all()
    chapter = Path(__file__).parents[2] / "notebooks/source/08_meta_networks.py"
    rates = re.findall(r"lab\.train\(.*outer_lr=([\d.]+)\)$", chapter.read_text("utf-8"), re.M)
    assert [float(rate) for rate in rates] == table["best β"].tolist()


def test_two_losses_are_those_of_support_and_query(lab):
    """One update by plain gradients of both losses moves the weights as the lab does."""
    moved = lab.train_on_two_losses(lab.hypernetwork(FullWeights), 2, 0.5, 1, outer_lr=0.01)
    learner = lab.hypernetwork(FullWeights)
    optimizer = torch.optim.Adam(learner.parameters(), 0.01)
    support, query = Sinusoids(5, 5).batch(0, 4)
    losses = []
    for i in range(4):
        theta = learner.generator(
            dict(learner.model.named_parameters()), learner.encoder(support.x[i], support.y[i])
        )
        for factor, split in ((2, support), (0.5, query)):
            outputs = torch.func.functional_call(learner.model, theta, (split.x[i],))
            losses.append(factor * ((outputs - split.y[i]) ** 2).mean() / 4)
    torch.stack(losses).sum().backward()
    optimizer.step()
    for one, other in zip(moved.parameters(), learner.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-3)  # a step is 0.01


def test_errors_that_are_no_numbers_are_counted():
    errors = torch.tensor([1.0, 3.0, math.nan, math.inf, 2e3])
    assert without_diverged(errors) == "2.00 (3 diverged)"
    assert without_diverged(errors[:2]) == "2.00"


def test_a_sketch_that_knows_the_task_learns_it_and_one_that_does_not_cannot():
    tasks = Sinusoids(10, 10).batch(0, 25)
    as_it_stands, with_numbers = (
        train_sketch(tasks, 300, true_ids=known, seed=0) for known in (False, True)
    )
    assert with_numbers.error(tasks) < 0.5 * as_it_stands.error(tasks)
    assert with_numbers.error(tasks, known=False) > 2 * with_numbers.error(tasks)
