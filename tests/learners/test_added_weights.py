"""Fast weights that are no parameter of the model: what a learner must say of them."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.compiled.meta_loss import compiled_meta_loss
from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.few_shot_score import trainable_parameters
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.learners.ridge_head import RidgeHead
from metalearn_lab.models.mlp import MLP
from tests.learners.builders import gradients, sinusoid_learner, sinusoids


class AddsAName(MAML):
    """Its inner loop moves a context, which it forgets to give a first value."""

    @property
    def adapted_names(self):
        return ["context"]


class AddsAWeight(AddsAName):
    """The context has a first value, and nothing reads it."""

    def weights(self):
        return {**super().weights(), "context": self.model.head.bias.new_zeros(8)}


class HandsItOn(AddsAWeight):
    """It has a call, which hands on to the model what the model does not have."""

    def call(self, weights, x):
        return super().call(weights, x)


class Context(AddsAWeight):
    """A context that shifts the hidden units: the smallest learner that adds a fast weight."""

    def call(self, weights, x):
        theta = {name: weight for name, weight in weights.items() if name != "context"}
        shifted = theta["body.0.bias"] + 2 * weights["context"]
        return super().call({**theta, "body.0.bias": shifted}, x)


class AddsInItsTrajectory(Learner):
    """It adds a tensor when it has adapted, and has no call that reads it."""

    def trajectory(self, support, steps):
        return [{**self.weights(), "mean": support.y.mean(0)}] * (steps + 1)


def with_tensor(name, model=None, *, buffer=False, size=8):
    """A network that has one more tensor."""
    model = model or MLP([1, 8, 8, 1], activation="tanh")
    if buffer:
        model.register_buffer(name, torch.zeros(size))
    else:
        model.register_parameter(name, nn.Parameter(torch.zeros(size)))
    return model.double()


def on(model, kind):
    return kind(model, F.mse_loss, inner_lr=0.05, inner_steps=3)


def test_a_learner_that_keeps_the_contract_is_run_checked_and_counted():
    learner, tasks = sinusoid_learner(Context), sinusoids()
    assert check_meta_gradient(learner, tasks).passed
    # A step of α on the context is one of 4α on the bias, for it counts twice there.
    bias = sinusoid_learner(MAML, adapts="body.0.bias", inner_lr=0.2)
    torch.testing.assert_close(learner(tasks), bias(tasks), rtol=1e-12, atol=1e-12)
    assert trainable_parameters(learner) == 8
    expected = gradients(learner, tasks)
    learner.zero_grad()
    compiled_meta_loss(learner, tasks)(tasks).backward()
    for name, parameter in learner.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-9, atol=1e-11)


USES = [
    lambda learner: learner(sinusoids()),
    lambda learner: learner.adapt(sinusoids().support),
    lambda learner: adaptation_curves(learner, sinusoids(), 2),
    trainable_parameters,
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (AddsAName, "AddsAName adapts context, but its weights.. has no such name: override wei"),
        (AddsAWeight, "AddsAWeight adds the fast weights context, .* override call.weights, x. to"),
    ],
)
def test_a_learner_that_does_not_is_told_what_to_write(kind, message, use):
    with pytest.raises(ValueError, match=message):
        use(sinusoid_learner(kind))


@pytest.mark.parametrize("use", USES[:3])
def test_a_call_that_leaves_it_in_is_refused(use):
    with pytest.raises(ValueError, match=r"HandsItOn adds the fast weights context, .* to take"):
        use(sinusoid_learner(HandsItOn))


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("buffer", [False, True])
def test_a_name_that_the_model_has_is_refused(buffer, use):
    learner = on(with_tensor("context", buffer=buffer, size=3), Context)
    message = "Context adds fast weights named context, and so is a parameter or buffer of the mod"
    with pytest.raises(ValueError, match=message):
        use(learner)


def test_what_a_trajectory_adds_is_refused_where_nothing_reads_it():
    learner = AddsInItsTrajectory(MLP([1, 4, 1]).double(), F.mse_loss)
    message = "AddsInItsTrajectory adds the fast weights mean, .* the model would never read them"
    for use in USES[1:3]:
        with pytest.raises(ValueError, match=message):
            use(learner)
    learner = AddsInItsTrajectory(with_tensor("mean", buffer=True), F.mse_loss)
    with pytest.raises(ValueError, match="fast weights named mean, and so is"):
        learner.adapt(sinusoids().support)


class ScaledStart(MAML):
    """It starts at the model's parameters times a number of its own, which is learned."""

    def __init__(self, model, loss, **settings):
        super().__init__(model, loss, **settings)
        self.scale = nn.Parameter(torch.ones((), dtype=torch.float64))

    def weights(self):
        return {name: self.scale * weight for name, weight in super().weights().items()}


def test_a_start_of_its_own_in_the_place_of_the_parameters_is_no_added_weight():
    learner, plain, tasks = sinusoid_learner(ScaledStart), sinusoid_learner(MAML), sinusoids()
    torch.testing.assert_close(learner(tasks), plain(tasks), rtol=1e-12, atol=1e-12)
    learner(tasks).backward()
    assert learner.scale.grad.abs() > 0


@pytest.mark.parametrize("buffer", [False, True])
@pytest.mark.parametrize("kind", [ProtoNet, RidgeHead])
def test_a_closed_form_refuses_a_model_with_a_tensor_named_as_its_solution(kind, buffer):
    name = kind.solution_name
    model = with_tensor(name, buffer=buffer)
    with pytest.raises(ValueError, match=f"{kind.__name__} adds fast weights named {name}, and"):
        kind(model, F.cross_entropy, ways=3)
    learner = kind(MLP([1, 4]), F.cross_entropy, ways=3)
    with pytest.raises(ValueError, match="give them another name"):
        learner.model = model


def test_names_of_its_own_leave_no_adapts():
    message = r"Context says itself what its inner loop moves: leave adapts='head\.\*' out"
    with pytest.raises(ValueError, match=message):
        sinusoid_learner(Context, adapts="head.*")
    learner = sinusoid_learner(Context)
    with pytest.raises(ValueError, match=message):
        learner.adapts = "head.*"
    assert learner.adapts == "*"
