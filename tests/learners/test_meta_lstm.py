"""The meta-LSTM: MAML where its gates stand still; a meta-gradient in the gates and the start."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.meta_lstm import MetaLSTM
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.types import select_tasks
from tests.learners.builders import gradients, sinusoid_learner, sinusoids


def meta_lstm(**settings):
    defaults = {"first_rate": 0.05, "inner_steps": 3}
    network = MLP([1, 8, 8, 1], activation="tanh").double()  # first, for the gates are of its type
    return MetaLSTM(network, F.mse_loss, **(defaults | settings))


def with_moving_gates(learner):
    wave = torch.sin(torch.arange(12.0)).view(2, 6).to(learner.gate_weights)
    learner.gate_weights.data += 0.1 * wave
    learner.gate_biases.data[0] = 1.0
    return learner


def never_forgetting(learner):
    learner.gate_biases.data[0] = 60.0  # whose sigmoid is 1 in float64
    return learner


@pytest.mark.parametrize("settings", [{}, {"adapts": "head.*"}, {"largest_rate": 3.0}])
def test_with_a_gate_that_never_forgets_it_is_maml(settings):
    adapts = {name: value for name, value in settings.items() if name == "adapts"}
    own, maml = never_forgetting(meta_lstm(**settings)), sinusoid_learner(MAML, **adapts)
    tasks = sinusoids()
    torch.testing.assert_close(own(tasks), maml(tasks), rtol=1e-12, atol=1e-12)
    found = gradients(own, tasks)
    for name, gradient in gradients(maml, tasks).items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-9, atol=1e-11)
    for one, other in zip(own.adapt(tasks.support), maml.adapt(tasks.support), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_a_forget_gate_below_one_is_weight_decay():
    """θ' = fθ − αg = θ − α(g + (1 − f)/α θ)."""
    learner = meta_lstm(first_forget=0.9, inner_steps=1)
    task = select_tasks(sinusoids(1), 0)
    theta = learner.weights()
    gradient = learner.gradient(theta, task.support)
    after = learner.trajectory(task.support, 1)[1]
    for name, g in gradient.items():
        decayed = theta[name] - 0.05 * (g + (1 - 0.9) / 0.05 * theta[name])
        torch.testing.assert_close(after[name], decayed, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"adapts": "head.*"}, {"mapping": "loop"}])
def test_its_meta_gradient_is_right(settings):
    report = check_meta_gradient(with_moving_gates(meta_lstm(**settings)), sinusoids())
    assert report.passed, report
    assert {"gate_weights", "gate_biases"} <= {each.name for each in report.parameters}


def test_each_weight_has_gates_of_its_own():
    """The same two gates for all weights, applied to each: permuting units permutes the update."""
    learner = with_moving_gates(meta_lstm())
    read = torch.linspace(-1, 1, 6, dtype=torch.float64)
    gates = learner._gates(torch.tensor(0.3).double(), read, read.flip(0), torch.ones(2, 6))
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    other = learner._gates(
        torch.tensor(0.3).double(), read[order], read.flip(0)[order], torch.ones(2, 6)
    )
    torch.testing.assert_close(gates[:, order], other)


def test_what_it_refuses():
    with pytest.raises(TypeError, match="MetaLSTM has rates of its own: leave inner_lr out"):
        meta_lstm(inner_lr=0.1)
    with pytest.raises(ValueError, match="first_rate / largest_rate must too; got 2"):
        meta_lstm(first_rate=2.0)
    with pytest.raises(ValueError, match="first_forget must too; got 1"):
        meta_lstm(first_forget=1.0)
    with pytest.raises(ValueError, match="no replay"):
        meta_lstm(replay=True)
    with pytest.raises(ValueError, match="MetaLSTM has an inner step of its own"):
        meta_lstm().check_rate()
