"""A conditional neural process: its density, its floor, its meta-gradient, and compiled."""

import pytest
import torch
from torch.distributions import Normal

from metalearn_lab.compiled.meta_loss import compiled_meta_loss
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.neural_process import (
    EMBEDDING,
    LEAST_WIDTH,
    NeuralProcess,
    normal_loss,
)
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.set_encoder import SetEncoder
from tests.learners.builders import gradients, sinusoids


def process(**settings):
    decoder = MLP([1 + 3, 6, 2], activation="tanh")
    return NeuralProcess(decoder, encoder=SetEncoder([2, 5, 3]), **settings).double()


def test_its_loss_is_the_surprise_of_a_normal_distribution():
    numbers = torch.Generator().manual_seed(0)
    mean, y = torch.randn(2, 7, 1, generator=numbers)
    width = 0.1 + torch.rand(7, 1, generator=numbers)
    expected = -Normal(mean, width).log_prob(y).mean()
    torch.testing.assert_close(normal_loss(torch.cat([mean, width], 1), y), expected)


def test_it_reads_the_embedding_beside_x():
    learner, task = process(), sinusoids(1)
    [adapted] = learner.adapt(task.support, 0)
    z = learner.encoder(task.support.x[0], task.support.y[0]).detach()
    torch.testing.assert_close(adapted[EMBEDDING][0], z)
    x = task.query.x[0]
    outputs = learner.model(torch.cat([x, z.expand(len(x), -1)], 1)).detach()
    width = LEAST_WIDTH + 0.9 * torch.nn.functional.softplus(outputs[:, 1])
    expected = torch.stack([outputs[:, 0], width], 1)
    torch.testing.assert_close(learner.predict(adapted, task.query.x)[0], expected)
    assert width.min() > LEAST_WIDTH


def test_far_from_zero_the_width_is_finite():
    learner = process()
    with torch.no_grad():
        learner.model.head.bias.copy_(torch.tensor([0.0, 2000.0]))
    [adapted] = learner.adapt(sinusoids(1).support, 0)
    assert learner.predict(adapted, sinusoids(1).query.x).isfinite().all()


def test_inner_steps_leave_it_where_it_is():
    first, *later = process().adapt(sinusoids().support, 2)
    assert len(later) == 2
    assert all(torch.equal(each[EMBEDDING], first[EMBEDDING]) for each in later)


def test_its_meta_gradient_is_right():
    report = check_meta_gradient(process(), sinusoids(2))
    assert report.passed, report


def test_run_at_once_or_one_by_one_it_is_the_same():
    at_once, by_one = (gradients(process(mapping=m), sinusoids()) for m in ("vmap", "loop"))
    for name, gradient in at_once.items():
        torch.testing.assert_close(gradient, by_one[name], rtol=1e-10, atol=1e-12)


def test_compiled_it_is_the_same():
    learner, tasks = process(), sinusoids()
    expected = gradients(learner, tasks)
    learner.zero_grad()
    compiled_meta_loss(learner, tasks)(tasks).backward()
    for name, parameter in learner.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-10, atol=1e-12)


def test_a_model_with_a_buffer_of_that_name_is_refused():
    decoder = MLP([4, 6, 2])
    decoder.register_buffer(EMBEDDING, torch.zeros(1))
    with pytest.raises(ValueError, match="give them another name"):
        NeuralProcess(decoder, encoder=SetEncoder([2, 3]))
