"""ProtoNet and the ridge head: closed forms, gradients through them, and what they refuse."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.few_shot_score import few_shot_score, trainable_parameters
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.learners.ridge_head import RidgeHead, ridge
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.non_finite import NonFiniteLossError

KINDS = [ProtoNet, RidgeHead]
WAYS = 3


def encoder(width=5):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 7), nn.Tanh(), nn.Linear(7, width))


def learner(kind, width=5, **settings):
    return kind(encoder(width), F.cross_entropy, ways=WAYS, **settings).double()


def tasks(count=3, shots=2, queries=3, apart=1.0):
    numbers = generator("metric tasks", shots)
    centres = apart * torch.randn(count, WAYS, 4, generator=numbers, dtype=torch.float64)
    splits = []
    for each in (shots, queries):
        labels = torch.arange(WAYS).repeat(count, each)
        noise = torch.randn(count, WAYS * each, 4, generator=numbers, dtype=torch.float64)
        splits.append(Split(centres.repeat(1, each, 1) + noise, labels))
    return Task(*splits)


def test_prototypes_are_a_linear_head_with_weights_2p_and_biases_minus_p_squared():
    net, task = learner(ProtoNet), tasks()
    [state] = net.adapt(task.support)
    p = state["prototypes"]
    features = net.model(task.query.x)
    for i, way in ((i, way) for i in range(3) for way in range(WAYS)):
        own = net.model(task.support.x[i])[task.support.y[i] == way]
        torch.testing.assert_close(p[i, way], own.mean(0))
    linear = 2 * features @ p.mT - (p**2).sum(-1)[:, None]
    scores = net.predict(state, task.query.x)
    torch.testing.assert_close(scores.softmax(-1), linear.softmax(-1))


@pytest.mark.parametrize(("items", "width"), [(6, 3), (3, 6), (4, 4)])
def test_the_two_forms_of_ridge_are_one_and_scikit_learns(items, width):
    numbers = generator("ridge", items, width)
    f, y = (torch.randn(items, n, generator=numbers, dtype=torch.float64) for n in (width, 2))
    strength = torch.tensor(0.7, dtype=torch.float64)
    primal = torch.linalg.solve(f.T @ f + strength * torch.eye(width).double(), f.T @ y)
    dual = f.T @ torch.linalg.solve(f @ f.T + strength * torch.eye(items).double(), y)
    theirs = Ridge(alpha=0.7, fit_intercept=False).fit(f.numpy(), y.numpy()).coef_.T
    found = ridge(f, y, strength)
    for expected in (primal, dual, torch.from_numpy(np.ascontiguousarray(theirs))):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("width", [2, 20])
@pytest.mark.parametrize("kind", KINDS)
def test_the_meta_gradient_goes_through_the_closed_form(kind, width):
    report = check_meta_gradient(learner(kind, width), tasks())
    assert report.passed, report
    assert len(report.parameters) == (7 if kind is RidgeHead else 4)


@pytest.mark.parametrize("kind", KINDS)
def test_however_tasks_are_run_the_loss_is_the_same(kind):
    net, task = learner(kind), tasks()
    expected = net(task)
    for settings in ({"mapping": "loop"}, {"chunk_size": 2}):
        torch.testing.assert_close(learner(kind, **settings)(task), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_adapted_at_once_and_stays_there(kind):
    net, task = learner(kind), tasks()
    curves = adaptation_curves(net, task, 4)
    assert curves.loss.shape == (3, 5)
    assert torch.equal(curves.loss, curves.loss[:, :1].expand(-1, 5))
    torch.testing.assert_close(curves.loss[:, 0].mean(), net(task).detach())
    assert net.inner_steps == 0
    assert trainable_parameters(net) == 0
    assert not hasattr(net, "inner_lr")
    with pytest.raises(ValueError, match=f"{kind.__name__} takes no inner steps at a rate α"):
        few_shot_score(net, task, task, inner_lrs=[0.1], most_steps=1)


@pytest.mark.parametrize("kind", KINDS)
def test_training_separates_classes_that_it_has_not_seen(kind, tmp_path):
    net = learner(kind)
    before = adaptation_curves(net, tasks(40, apart=2.0), 0).loss.mean()
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    meta_train(
        net,
        lambda i: tasks(8, queries=4 + i % 3, apart=2.0),
        iterations=60,
        optimizer=optimizer,
        checkpoint=tmp_path / "run.checkpoint",
        progress=False,
    )
    assert adaptation_curves(net, tasks(40, apart=2.0), 0).loss.mean() < 0.9 * before


def train_once(net, task):
    optimizer = torch.optim.Adam(net.parameters())
    meta_train(net, lambda i: task, iterations=1, optimizer=optimizer, progress=False)


def test_a_class_without_support_is_refused_in_training():
    task = tasks()
    task.support.y[0] = task.support.y[0] % 2  # class 2 has gone
    with pytest.raises(NonFiniteLossError, match=r"support labels are 0, …, ways − 1 and each"):
        train_once(learner(ProtoNet), task)


@pytest.mark.parametrize("label", [-1, WAYS])
@pytest.mark.parametrize("kind", KINDS)
def test_a_support_label_that_is_no_class_is_never_passed_over(kind, label):
    task = tasks()
    task.support.y[0, 0] = label
    net = learner(kind)
    state = net.adapt(task.support)[0]
    assert not net.predict(state, task.query.x)[0].isfinite().any()
    assert net.predict(state, task.query.x)[1:].isfinite().all()
    with pytest.raises(NonFiniteLossError, match=r"support labels are 0, …, ways − 1"):
        train_once(net, task)


@pytest.mark.parametrize("kind", KINDS)
def test_settings_out_of_range_are_refused(kind):
    with pytest.raises(ValueError, match="ways must be 1 or more classes, got 0"):
        kind(encoder(), F.cross_entropy, ways=0)
    with pytest.raises(TypeError, match="inner_lr"):
        kind(encoder(), F.cross_entropy, ways=3, inner_lr=0.1)
    with pytest.raises(ValueError, match="regularisation must be a positive number, got 0"):
        RidgeHead(encoder(), F.cross_entropy, ways=3, regularisation=0)
    bad = tasks()
    bad.query.y[0, 0] = WAYS
    with pytest.raises(ValueError, match=r"class label has no output"):
        learner(kind, mapping="loop")(bad)
