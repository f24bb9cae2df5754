"""Proto-MAML: ProtoNet with no step, MAML from a head of prototypes, gradients through both."""

from dataclasses import asdict

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.compiled import CompiledAdaptation, compiled_meta_loss
from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.few_shot_score import few_shot_score, trainable_parameters
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.learners.proto_maml import IMAGENET, ProtoMAML
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.models.conv4 import Conv4
from metalearn_lab.models.mlp import MLP
from metalearn_lab.running.low_rank import runs_low_rank
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Task, select_tasks
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.non_finite import NonFiniteLossError
from tests.learners.builders import text_learner, text_tasks
from tests.learners.test_metric_learners import WAYS, tasks

HEAD = {"model.head.weight", "model.head.bias"}


def learner(kind=ProtoMAML, **settings):
    defaults = {"inner_lr": 0.1, "inner_steps": 3}
    model = MLP([4, 7, 5, WAYS], activation="tanh").double()
    return kind(model, F.cross_entropy, **(defaults | settings))


def gradients_of_body(learner, batch):
    """The meta-gradient without that of the head, which has none."""
    learner.zero_grad()
    learner(batch).backward()
    grads = {name: p.grad for name, p in learner.named_parameters()}
    assert {name for name, gradient in grads.items() if gradient is None} <= HEAD
    return {name.removeprefix("model."): grads[name] for name in grads if name not in HEAD}


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
@pytest.mark.parametrize("settings", [{"inner_steps": 0}, {"inner_lr": 0.0}])
def test_with_no_step_it_is_a_prototypical_network(settings, mapping):
    batch, own = tasks(), learner(mapping=mapping, **settings)
    proto_net = ProtoNet(own.model.body, F.cross_entropy, ways=WAYS, mapping=mapping)
    torch.testing.assert_close(own(batch), proto_net(batch), rtol=1e-12, atol=1e-12)
    found = gradients_of_body(own, batch)
    proto_net.zero_grad()
    proto_net(batch).backward()
    expected = {f"body.{name}": p.grad for name, p in proto_net.model.named_parameters()}
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)


def test_its_steps_are_those_of_maml_from_a_head_of_prototypes():
    """On one task, MAML's model can be given that head; its own start is then the same."""
    batch, own = tasks(1), learner()
    start = own.adapt(batch.support)[0]
    features = own.model.body(batch.support.x[0])
    means = torch.stack([features[batch.support.y[0] == way].mean(0) for way in range(WAYS)])
    torch.testing.assert_close(start["head.weight"][0], 2 * means)
    torch.testing.assert_close(start["head.bias"][0], -(means**2).sum(-1))
    maml = learner(MAML)
    maml.model.load_state_dict({name: weight[0] for name, weight in start.items()})
    for one, other in zip(own.adapt(batch.support), maml.adapt(batch.support), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(own(batch), maml(batch), rtol=1e-12, atol=1e-12)


def test_the_numbers_of_the_models_own_head_are_never_read():
    batch, own, other = tasks(), learner(), learner()
    nn.init.constant_(other.model.head.weight, float("nan"))
    torch.testing.assert_close(own(batch), other(batch))
    assert torch.equal(predict_along(own, batch), predict_along(other, batch))


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_a_frozen_head_stays_at_the_prototypes(mapping):
    batch, frozen, named = tasks(), learner(mapping=mapping), learner(adapts="body.*")
    frozen.model.head.requires_grad_(False)
    start, *_, last = frozen.adapt(batch.support)
    changed = {name for name in start if not torch.equal(start[name], last[name])}
    assert changed == {name for name in start if name.startswith("body.")}
    found, expected = (gradients_of_body(own, batch) for own in (frozen, named))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "settings",
    [{}, {"inner_steps": 1}, {"replay": True}, {"adapts": "head.*"}, {"adapts": "body.*"}],
)
def test_its_meta_gradient_is_right(settings):
    report = check_meta_gradient(learner(**settings), tasks(2))
    assert report.passed, report


def test_the_gradient_goes_through_the_prototypes():
    """What is lost where they are held constant is no rounding."""

    class HeldPrototypes(ProtoMAML):
        def with_prototypes(self, theta, support):
            start = super().with_prototypes(theta, support)
            return {n: w.detach() if n.startswith("head.") else w for n, w in start.items()}

    report = check_meta_gradient(learner(HeldPrototypes), tasks(2))
    assert not report.passed


@pytest.mark.parametrize(
    "settings", [{"mapping": "loop"}, {"chunk_size": 2}, {"replay": True}, {"low_rank": True}]
)
def test_however_it_is_run_it_is_the_same(settings):
    batch = tasks()
    plain, other = learner(mapping="vmap", low_rank=False), learner(**settings)
    torch.testing.assert_close(
        gradients_of_body(other, batch), gradients_of_body(plain, batch), rtol=1e-10, atol=1e-12
    )
    torch.testing.assert_close(predict_along(other, batch), predict_along(plain, batch))


def test_a_table_of_n_grams_is_adapted_within_the_span_of_the_support():
    batch, own = text_tasks(), text_learner(ProtoMAML)
    assert runs_low_rank(own, batch.support.x)
    plain = text_learner(ProtoMAML, low_rank=False)
    torch.testing.assert_close(
        gradients_of_body(own, batch), gradients_of_body(plain, batch), rtol=1e-10, atol=1e-12
    )


def test_compiled_it_is_the_same():
    batch, own = tasks(), learner(mapping="vmap", low_rank=False)
    expected = gradients_of_body(own, batch)
    own.zero_grad()
    compiled_meta_loss(own, batch)(batch).backward()
    for name, gradient in expected.items():
        found = own.model.get_parameter(name).grad
        torch.testing.assert_close(found, gradient, rtol=1e-9, atol=1e-11)
    found = CompiledAdaptation(own, batch.support, batch.query.x, 3)(batch.support, batch.query.x)
    torch.testing.assert_close(found, predict_along(own, batch, 3), rtol=1e-9, atol=1e-11)


def test_it_learns_convolutions():
    model = Conv4(3, image=16, filters=8).double()
    own = ProtoMAML(model, F.cross_entropy, inner_lr=0.1, inner_steps=1)
    x = torch.randn(2, 6, 1, 16, 16, dtype=torch.float64, generator=generator("images"))
    support = tasks(2).support._replace(x=x)
    batch = Task(support, support._replace(x=x.flip(1)))
    proto_net = ProtoNet(model.body, F.cross_entropy, ways=WAYS)
    no_step = ProtoMAML(model, F.cross_entropy, inner_lr=0.1, inner_steps=0)
    torch.testing.assert_close(no_step(batch), proto_net(batch))
    assert own(batch).isfinite()


def test_training_lowers_its_loss_and_goes_on_from_a_checkpoint(tmp_path):
    def run(iterations):
        own = learner()
        meta_train(
            own,
            lambda i: select_tasks(seen, slice(4 * i % 32, 4 * i % 32 + 4)),
            iterations=iterations,
            optimizer=torch.optim.Adam(own.parameters(), 1e-2),
            every=5,
            checkpoint=tmp_path / "proto_maml.checkpoint",
            progress=False,
        )
        return own

    seen = tasks(32, queries=4, apart=2.0)
    before = learner()(seen)
    run(10)
    resumed = run(40)
    (tmp_path / "proto_maml.checkpoint").unlink()
    whole = run(40)
    for one, other in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)
    assert whole(seen) < 0.9 * before


def test_its_rate_and_its_steps_can_be_chosen():
    own, batch = learner(), tasks(8)
    score = few_shot_score(own, batch, batch, inner_lrs=[0.01, 0.1], most_steps=2)
    assert score.trainable == trainable_parameters(own) == 4 * 7 + 7 + 7 * 5 + 5 + 5 * 3 + 3
    assert adaptation_curves(own, batch, 2).loss.shape == (8, 3)
    assert own.gradients_per_task == 7


def test_a_model_without_a_linear_head_is_refused():
    message = r"ProtoMAML sets .* model.head, .* an nn.Linear with a bias .*, got {}"
    settings = {"inner_lr": 0.1, "inner_steps": 1}
    with pytest.raises(ValueError, match=message.format("None: build the model")):
        ProtoMAML(nn.Linear(4, 3), F.cross_entropy, **settings)
    model = MLP([4, 5, 3])
    model.head = nn.Linear(5, 3, bias=False)
    with pytest.raises(ValueError, match=message.format("Linear.*bias=False")):
        ProtoMAML(model, F.cross_entropy, **settings)
    own = learner()
    with pytest.raises(ValueError, match=message.format("Linear.*bias=False")):
        own.model = model
    assert own.model is not model


def test_a_class_without_support_is_refused_in_training():
    batch, own = tasks(), learner()
    batch.support.y[0] = batch.support.y[0] % 2  # class 2 has gone
    optimizer = torch.optim.Adam(own.parameters())
    with pytest.raises(NonFiniteLossError, match=r"even before .* prototypes, .* each class has"):
        meta_train(own, lambda i: batch, iterations=1, optimizer=optimizer, progress=False)


def test_a_support_label_that_is_no_class_is_refused():
    batch = tasks()
    batch.support.y[0, 0] = WAYS
    with pytest.raises(ValueError, match="a class label has no output"):
        learner()(batch)


def test_the_published_settings_build_it():
    published = asdict(IMAGENET)
    own = learner(**{name: published[name] for name in ("inner_lr", "inner_steps")})
    assert own.inner_steps == 6
    assert own(tasks()).isfinite()
