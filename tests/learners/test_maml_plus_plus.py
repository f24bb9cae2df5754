"""MAML++: MAML where its weights and rates are, a sum of MAMLs, annealed as the released code."""

import math
from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.compiled.meta_loss import compiled_meta_loss
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.maml_plus_plus import (
    MINI_IMAGENET,
    OMNIGLOT,
    MAMLPlusPlus,
    annealed_weights,
)
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.non_finite import NonFiniteLossError
from metalearn_lab.training.outer_step import OuterStep
from tests.learners.builders import gradients, sinusoid_learner, sinusoids, text_learner, text_tasks


def maml_plus_plus(**settings):
    defaults = {"first_rate": 0.05, "annealing": 4, "inner_steps": 3}
    network = MLP([1, 8, 8, 1], activation="tanh").double()  # first, for the rates are of its type
    return MAMLPlusPlus(network, F.mse_loss, **(defaults | settings))


def with_unequal_rates(learner):
    for i, rate in enumerate(learner.rates):
        rate.data += 0.01 * torch.sin(torch.arange(rate.numel()) + i)
    return learner


def assert_same_learner(own, maml, tasks):
    torch.testing.assert_close(own(tasks), maml(tasks), rtol=1e-12, atol=1e-12)
    found = gradients(own, tasks)
    for name, gradient in gradients(maml, tasks).items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("adapts", ["*", "head.*"])
def test_with_the_last_loss_alone_and_equal_rates_it_is_maml(adapts):
    own, maml = maml_plus_plus(annealing=0, adapts=adapts), sinusoid_learner(MAML, adapts=adapts)
    tasks = sinusoids()
    assert own.step_weights.tolist() == [0, 0, 1]
    assert_same_learner(own, maml, tasks)
    # Steps after the last one that was learned take its rate.
    pairs = zip(own.adapt(tasks.support, 5), maml.adapt(tasks.support, 5), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("iteration", [0, 2, 9])
def test_with_one_step_its_loss_is_mamls(iteration):
    own, maml = maml_plus_plus(inner_steps=1), sinusoid_learner(MAML, inner_steps=1)
    own.before_iteration(iteration)
    assert own.step_weights.tolist() == [1]
    assert_same_learner(own, maml, sinusoids())


def test_its_loss_is_the_weighted_sum_of_mamls_with_one_to_k_steps():
    own, tasks = maml_plus_plus(), sinusoids()
    own.before_iteration(2)
    losses = torch.stack([sinusoid_learner(MAML, inner_steps=j)(tasks) for j in (1, 2, 3)])
    weights = torch.tensor([1 / 6, 1 / 6, 2 / 3], dtype=torch.float64)
    torch.testing.assert_close(own(tasks), weights @ losses, rtol=1e-12, atol=1e-12)


def test_a_step_takes_the_rates_of_its_number():
    learner, task = with_unequal_rates(maml_plus_plus(adapts="head.bias")), sinusoids(1)
    [rates] = learner.rates
    assert len(rates.unique()) == 3
    trajectory = learner.adapt(task.support, 5)
    support = Split(task.support.x[0], task.support.y[0])
    for j, (before, after) in enumerate(pairwise(trajectory)):
        theta = {name: weight[0] for name, weight in before.items()}
        slope = learner.gradient(theta, support)["head.bias"]
        expected = theta["head.bias"] - rates[min(j, 2)] * slope
        torch.testing.assert_close(after["head.bias"][0], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"adapts": "head.*"}, {"replay": True}])
def test_its_meta_gradient_is_right(settings):
    report = check_meta_gradient(with_unequal_rates(maml_plus_plus(**settings)), sinusoids())
    assert report.passed, report
    assert any(each.name.startswith("rates.") for each in report.parameters)


def test_on_sentences_it_is_right_and_the_same_in_a_loop():
    tasks = text_tasks()
    settings = {"first_rate": 0.5, "annealing": 4, "inner_lr": None}
    whole, single = (text_learner(MAMLPlusPlus, mapping=m, **settings) for m in ("vmap", "loop"))
    assert check_meta_gradient(whole, tasks).passed
    expected = gradients(single, tasks)
    for name, gradient in gradients(whole, tasks).items():
        torch.testing.assert_close(gradient, expected[name], rtol=0, atol=1e-14)


def test_compiled_it_is_the_same_for_all_weights_of_its_losses():
    learner, tasks = with_unequal_rates(maml_plus_plus()), sinusoids()
    compiled = compiled_meta_loss(learner, tasks)
    for iteration in (0, 2, 4):
        learner.before_iteration(iteration)
        expected = gradients(learner, tasks)
        learner.zero_grad()
        compiled(tasks).backward()
        for name, parameter in learner.named_parameters():
            torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-9, atol=1e-11)


# ---------------------------------------------------------------------------- annealing
def released_weights(epoch, steps, epochs):
    """As the released code says it, in words of its own: two straight lines with a floor."""
    if epoch >= epochs:
        return [0.0] * (steps - 1) + [1.0]
    fall, floor = 1 / steps / epochs, 0.03 / steps
    earlier = max(1 / steps - epoch * fall, floor)
    last = min(1 / steps + epoch * (steps - 1) * fall, 1 - (steps - 1) * floor)
    return [earlier] * (steps - 1) + [last]


@pytest.mark.parametrize("settings", [OMNIGLOT, MINI_IMAGENET, (2, 40)])
def test_weights_are_annealed_as_in_the_released_code(settings):
    steps, epochs = settings if isinstance(settings, tuple) else (5, settings.annealing // 500)
    learner = maml_plus_plus(inner_steps=steps, annealing=500 * epochs, epoch=500)
    for epoch in range(epochs + 2):
        expected = torch.tensor(released_weights(epoch, steps, epochs), dtype=torch.float64)
        for iteration in (500 * epoch, 500 * epoch + 499):
            learner.before_iteration(iteration)
            torch.testing.assert_close(learner.step_weights, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_weights_sum_to_one_and_move_to_the_last_step(steps):
    last = 0.0
    for progress in (0, 0.3, 0.9, 0.99, 1):
        weights = annealed_weights(steps, progress)
        assert math.isclose(sum(weights), 1)
        assert min(weights) >= 0
        assert weights[-1] >= last
        last = weights[-1]
    assert annealed_weights(steps, 0) == pytest.approx([1 / steps] * steps)
    assert last == 1


def train(learner, iterations, *, tasks=lambda i: sinusoids(4, 4 * i), **settings):
    optimizer = torch.optim.Adam(learner.parameters(), 1e-2)
    return meta_train(
        learner,
        tasks,
        iterations=iterations,
        optimizer=optimizer,
        every=1,
        progress=False,
        **settings,
    )


@pytest.mark.parametrize("compiled", [False, True])
def test_training_anneals_moves_the_rates_and_goes_on_from_a_checkpoint(compiled, tmp_path):
    path, last_weights = tmp_path / "maml_plus_plus.checkpoint", []

    def run(iterations):
        learner = maml_plus_plus()

        def tasks(i):
            last_weights.append((i, learner.step_weights[-1].item()))
            return sinusoids(4, 4 * i)

        train(learner, iterations, tasks=tasks, checkpoint=path, compiled=compiled)
        return learner

    run(2)
    resumed = run(6)
    path.unlink()
    whole = run(6)
    expected = [annealed_weights(3, min(i / 4, 1))[-1] for i in range(6)]
    for iteration, last_weight in last_weights:
        assert last_weight == pytest.approx(expected[iteration])
    assert any(rate.std() > 0 for rate in whole.rates)
    for one, other in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


def test_training_lowers_its_loss():
    learner, tasks = maml_plus_plus(), sinusoids(4)
    before = maml_plus_plus(annealing=0)(tasks)
    train(learner, 30, tasks=lambda i: tasks)
    assert learner(tasks) < 0.8 * before


def test_a_step_that_is_taken_again_has_its_own_weights():
    """Where a loss is no number, the steps of the block are taken again, one by one."""
    learner, good = maml_plus_plus(annealing=8), sinusoids()
    bad = Task(good.support, Split(good.query.x, good.query.y * float("nan")))
    with pytest.raises(NonFiniteLossError, match="iteration 3"):
        meta_train(
            learner,
            lambda i: bad if i == 3 else good,
            iterations=6,
            optimizer=torch.optim.Adam(learner.parameters(), 1e-3),
            every=6,
            progress=False,
        )
    assert learner.step_weights.tolist() == pytest.approx(annealed_weights(3, 3 / 8))


# ---------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"first_rate": -0.1}, "inner_lr must be 0 or a positive number"),
        ({"inner_steps": 0}, "MAML.. has a loss after each step"),
        ({"annealing": -1}, "annealing must be 0, 1, 2, … outer steps, got -1"),
        ({"annealing": 1.5}, "annealing must be 0, 1, 2, … outer steps, got 1.5"),
        ({"epoch": 0}, "epoch must be 1 or more outer steps, got 0"),
    ],
)
def test_what_it_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        maml_plus_plus(**settings)


def test_it_has_no_one_rate():
    learner = maml_plus_plus()
    with pytest.raises(TypeError, match="MAMLPlusPlus has rates of its own: leave inner_lr out"):
        maml_plus_plus(inner_lr=0.1)
    with pytest.raises(ValueError, match="MAMLPlusPlus has an inner step of its own"):
        learner.check_rate()
    for name, value in (("adapts", "head.*"), ("inner_steps", 4)):
        before = getattr(learner, name)
        with pytest.raises(ValueError, match="the rates belong to what adapts and inner_steps"):
            setattr(learner, name, value)
        assert getattr(learner, name) == before


def test_an_optimiser_without_the_rates_is_refused():
    learner = maml_plus_plus()
    with pytest.raises(ValueError, match=r"would never move rates\.0"):
        OuterStep(learner, torch.optim.Adam(learner.model.parameters()))


def test_the_published_settings_make_a_learner():
    learner = MAMLPlusPlus(MLP([1, 4, 1]), F.mse_loss, **MINI_IMAGENET.settings)
    assert [rate.tolist() for rate in learner.rates] == [pytest.approx([0.01] * 5)] * 4
    assert (learner.annealing, learner.epoch, learner.gradients_per_task) == (7500, 500, 15)
