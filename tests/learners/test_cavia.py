"""CAVIA: a concatenated context, by definition; the context alone adapts; wherever it enters."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.compiled.meta_loss import compiled_meta_loss
from metalearn_lab.evaluation.few_shot_score import trainable_parameters
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.cavia import CAVIA, CONTEXT, PublishedCAVIA
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.models.mlp import MLP
from metalearn_lab.training.meta_train import meta_train
from tests.learners.builders import (
    gradients,
    sinusoid_learner,
    sinusoids,
    text_learner,
    text_tasks,
)

FORMS = [{}, {"film": True}, {"layer": "head"}, {"layer": "body.2", "film": True}]


def cavia(**settings):
    defaults = {"contexts": 3, "inner_lr": 1.0, "inner_steps": 3}
    return sinusoid_learner(CAVIA, **(defaults | settings))


def by_hand(task, outputs_of, count, steps, rate):
    """L_Q(φ_k) of one task by plain autograd, from a network that reads φ."""
    phi = torch.zeros(count, dtype=torch.float64, requires_grad=True)
    for _ in range(steps):
        loss = F.mse_loss(outputs_of(task.support.x[0], phi), task.support.y[0])
        [slope] = torch.autograd.grad(loss, phi, create_graph=True)
        phi = phi - rate * slope
    return F.mse_loss(outputs_of(task.query.x[0], phi), task.query.y[0])


def test_it_is_a_network_whose_inputs_are_followed_by_the_context():
    learner, task = cavia(), sinusoids(1)
    wide = MLP([1 + 3, 8, 8, 1], activation="tanh").double()
    theta = dict(learner.model.named_parameters())
    theta["body.0.weight"] = torch.cat([theta["body.0.weight"], learner.context_map], 1)
    wide.load_state_dict(theta)
    loss = by_hand(
        task,
        lambda x, phi: wide(torch.cat([x, phi.expand(len(x), -1)], 1)),
        count=3,
        steps=3,
        rate=1.0,
    )
    torch.testing.assert_close(learner(task), loss, rtol=1e-12, atol=1e-12)
    found = gradients(learner, task)
    loss.backward()
    expected = {f"model.{name}": weight.grad for name, weight in wide.named_parameters()}
    columns = expected["model.body.0.weight"]
    expected |= {"model.body.0.weight": columns[:, :1], "context_map": columns[:, 1:]}
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-10, atol=1e-12)


def test_with_film_the_layers_outputs_are_scaled_and_shifted():
    learner, task = cavia(film=True, layer="body.2"), sinusoids(1)
    first, activation, second, _ = learner.model.body

    def outputs_of(x, phi):
        scale, shift = learner.context_map[:8] @ phi, learner.context_map[8:] @ phi
        units = second(activation(first(x)))
        return learner.model.head(activation((1 + scale) * units + shift))

    loss = by_hand(task, outputs_of, count=3, steps=3, rate=1.0)
    torch.testing.assert_close(learner(task), loss, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("settings", [{"inner_lr": 0.0}, {"inner_steps": 0}])
@pytest.mark.parametrize("film", [False, True])
def test_where_the_context_does_not_move_it_is_joint_training(film, settings):
    tasks = sinusoids()
    found = gradients(cavia(film=film, **settings), tasks)
    assert not found.pop("context_map").any()
    for name, gradient in gradients(sinusoid_learner(JointPretraining), tasks).items():
        torch.testing.assert_close(found[name], gradient, rtol=0, atol=1e-14)


@pytest.mark.parametrize("form", FORMS)
def test_between_tasks_only_the_context_differs(form):
    learner = cavia(**form)
    first, *_, last = learner.adapt(sinusoids().support)
    assert not first[CONTEXT].any()
    assert first[CONTEXT].shape == last[CONTEXT].shape == (3, 3)
    assert len(last[CONTEXT].unique(dim=0)) == 3
    for name, weight in learner.model.named_parameters():
        assert torch.equal(last[name], weight.expand_as(last[name])), name
    assert trainable_parameters(learner) == 3


@pytest.mark.parametrize("form", [*FORMS, {"replay": True}])
def test_its_meta_gradient_is_right(form):
    report = check_meta_gradient(cavia(**form), sinusoids())
    assert report.passed, report
    assert any(each.name == "context_map" for each in report.parameters)


@pytest.mark.parametrize("film", [False, True])
def test_on_sentences_it_is_right_and_the_same_in_a_loop(film):
    tasks, settings = text_tasks(), {"contexts": 4, "film": film}
    whole, single = (text_learner(CAVIA, mapping=m, **settings) for m in ("vmap", "loop"))
    assert whole.layer == "body.1"
    assert check_meta_gradient(whole, tasks).passed
    expected = gradients(single, tasks)
    for name, gradient in gradients(whole, tasks).items():
        torch.testing.assert_close(gradient, expected[name], rtol=0, atol=1e-14)
    adapted = [learner.adapt(tasks.support, 4)[-1] for learner in (whole, single)]
    torch.testing.assert_close(*adapted, rtol=0, atol=1e-13)


def test_it_runs_on_a_model_that_is_the_layer():
    learner = CAVIA(nn.Linear(1, 1).double(), F.mse_loss, contexts=2, inner_lr=0.1, inner_steps=2)
    assert check_meta_gradient(learner, sinusoids()).passed


def test_of_a_convolution_it_scales_and_shifts_the_channels():
    convolution = nn.Conv2d(1, 4, 3)
    model = nn.Sequential(convolution, nn.Tanh(), nn.Flatten(), nn.Linear(16, 1)).double()
    settings = {"contexts": 2, "film": True, "inner_lr": 0.1, "inner_steps": 1}
    learner = CAVIA(model, F.mse_loss, layer="0", **settings)
    x, phi = torch.randn(5, 1, 4, 4, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    scale, shift = (learner.context_map @ phi).view(2, 4, 1, 1)
    expected = model[1:]((1 + scale) * convolution(x) + shift)
    found = learner.call({**learner.weights(), CONTEXT: phi}, x)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("film", [False, True])
def test_compiled_it_is_the_same(film):
    learner, tasks = cavia(film=film), sinusoids()
    expected = gradients(learner, tasks)
    learner.zero_grad()
    compiled_meta_loss(learner, tasks)(tasks).backward()
    for name, parameter in learner.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-9, atol=1e-11)


def test_training_lowers_its_loss_and_a_checkpoint_keeps_it(tmp_path):
    path, first_tasks = tmp_path / "cavia.checkpoint", sinusoids(4)

    def run(iterations):
        learner = cavia()
        optimizer = torch.optim.Adam(learner.parameters(), 1e-2)
        meta_train(
            learner,
            lambda i: first_tasks,
            iterations=iterations,
            optimizer=optimizer,
            every=5,
            checkpoint=path,
            progress=False,
        )
        return learner

    run(10)
    resumed = run(30)
    path.unlink()
    whole = run(30)
    for one, other in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)
    assert whole(first_tasks) < 0.7 * cavia()(first_tasks)


def test_the_published_settings_make_a_learner():
    published = PublishedCAVIA()
    model = MLP([1, *published.hidden, 1])
    learner = CAVIA(model, F.mse_loss, **published.settings)
    assert learner.context_map.shape == (40, 5)
    assert (learner.inner_lr, learner.inner_steps, learner.layer) == (1.0, 1, "body.0")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"contexts": 0}, "contexts must be 1 or more numbers, got 0"),
        ({"contexts": 1.5}, "contexts must be 1 or more numbers, got 1.5"),
        ({"layer": "tail"}, r"no such layer='tail': its biases are body\.0\.bias, body\.2\.bias"),
        ({"layer": "body.1"}, "the context enters a layer that has a weight and a bias"),
        ({"adapts": "head.*"}, "CAVIA says itself what its inner loop moves: leave adapts"),
    ],
)
def test_what_it_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        cavia(**settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [("contexts", 4), ("film", True), ("layer", "head"), ("model", MLP([1, 4]))],
)
def test_what_is_changed_later_must_fit_its_map(name, value):
    learner = cavia()
    with pytest.raises(ValueError, match=r"U belongs to the first layer|no such layer"):
        setattr(learner, name, value)
    assert learner.contexts == 3


def test_a_model_without_dense_layer_or_with_a_context_is_refused():
    settings = {"contexts": 2, "inner_lr": 0.1, "inner_steps": 1}
    with pytest.raises(ValueError, match="the model has no dense layer: name the layer"):
        CAVIA(nn.Sequential(nn.Conv1d(1, 1, 1)), F.mse_loss, **settings)
    model = MLP([1, 4, 1])
    model.register_buffer(CONTEXT, torch.zeros(2))
    with pytest.raises(ValueError, match="adds fast weights named context, and so is a"):
        CAVIA(model, F.mse_loss, **settings)
