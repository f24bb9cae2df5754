"""Meta-SGD: MAML where all rates are equal; a gradient in every rate, however it is run."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.compiled.meta_loss import compiled_meta_loss
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.meta_sgd import MetaSGD
from metalearn_lab.models.mlp import MLP
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.outer_step import OuterStep
from tests.learners.builders import gradients, sinusoid_learner, sinusoids


def meta_sgd(**settings):
    defaults = {"first_rate": 0.05, "inner_steps": 3}
    network = MLP([1, 8, 8, 1], activation="tanh").double()  # first, for the rates are of its type
    return MetaSGD(network, F.mse_loss, **(defaults | settings))


def with_unequal_rates(learner):
    for i, rate in enumerate(learner.rates):
        rate.data += 0.01 * torch.sin(torch.arange(rate.numel()) + i).view_as(rate)
    return learner


@pytest.mark.parametrize("adapts", ["*", "head.*"])
def test_with_equal_rates_it_is_maml(adapts):
    own, maml = meta_sgd(adapts=adapts), sinusoid_learner(MAML, adapts=adapts)
    tasks = sinusoids()
    torch.testing.assert_close(own(tasks), maml(tasks), rtol=1e-12, atol=1e-12)
    found, expected = gradients(own, tasks), gradients(maml, tasks)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-10, atol=1e-12)
    for one, other in zip(own.adapt(tasks.support), maml.adapt(tasks.support), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_the_rates_gradients_add_up_to_the_one_rates():
    """dL/dα of one rate for all is the sum over the weights' own: finite differences of MAML."""
    tasks, step = sinusoids(), 1e-6
    found = gradients(meta_sgd(), tasks)
    total = sum(g.sum() for name, g in found.items() if name.startswith("rates."))
    low, high = (sinusoid_learner(MAML, inner_lr=0.05 + d)(tasks) for d in (-step, step))
    torch.testing.assert_close(total, (high - low) / (2 * step), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("settings", [{}, {"adapts": "head.*"}, {"replay": True}])
def test_its_meta_gradient_is_right(settings):
    report = check_meta_gradient(with_unequal_rates(meta_sgd(**settings)), sinusoids())
    assert report.passed, report
    assert any(each.name.startswith("rates.") for each in report.parameters)


def test_compiled_it_is_the_same():
    learner, tasks = with_unequal_rates(meta_sgd()), sinusoids()
    expected = gradients(learner, tasks)
    learner.zero_grad()
    compiled_meta_loss(learner, tasks)(tasks).backward()
    for name, parameter in learner.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-9, atol=1e-11)


def test_training_moves_the_rates_and_a_checkpoint_keeps_them(tmp_path):
    def run(iterations):
        learner = meta_sgd()
        optimizer = torch.optim.Adam(learner.parameters(), 1e-2)
        path, tasks = tmp_path / "meta_sgd.checkpoint", lambda i: sinusoids(4, 4 * i)
        meta_train(
            learner,
            tasks,
            iterations=iterations,
            optimizer=optimizer,
            every=1,
            checkpoint=path,
            progress=False,
        )
        return learner

    run(3)
    resumed = run(6)
    (tmp_path / "meta_sgd.checkpoint").unlink()
    whole = run(6)
    assert any(rate.std() > 0 for rate in whole.rates)
    for one, other in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


def test_it_has_no_one_rate():
    learner = meta_sgd()
    with pytest.raises(TypeError, match="MetaSGD has rates of its own: leave inner_lr out"):
        meta_sgd(inner_lr=0.1)
    with pytest.raises(ValueError, match="MetaSGD has an inner step of its own"):
        learner.check_rate()
    with pytest.raises(ValueError, match="the rates belong to what adapts named first"):
        learner.adapts = "head.*"
    assert learner.adapts == "*"
    with pytest.raises(ValueError, match="inner_lr must be 0 or a positive number"):
        meta_sgd(first_rate=float("nan"))


def test_an_optimiser_without_the_rates_is_refused():
    learner = meta_sgd()
    with pytest.raises(ValueError, match=r"would never move rates\.0"):
        OuterStep(learner, torch.optim.Adam(learner.model.parameters()))
