"""HyperLoRA: with a silent generator it is ProtoNet; what it emits, by hand; orders; refusals."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient, meta_gradient
from metalearn_lab.learners.hyper_lora import HyperLoRA
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.models.lora import with_lora
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from tests.learners.test_meta_networks import DIM, WAYS, tasks


def encoder(rank=2):
    model = FeatureClassifier(DIM, WAYS)
    model.body.requires_grad_(False)
    layer = with_lora(model, ["body"], rank=rank, lora_alpha=rank).body
    nn.init.normal_(layer.lora_B, generator=generator("B"))
    return layer


def hyper_lora(active=True, task_size=6, **settings):
    learner = HyperLoRA(
        encoder(), F.cross_entropy, ways=WAYS, inputs=DIM, task_size=task_size, **settings
    ).double()
    if active:
        nn.init.normal_(learner.emit.weight, std=0.3, generator=generator("g"))
    return learner


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_with_a_silent_generator_it_is_proto_net_with_one_adapter_for_all(mapping):
    own = hyper_lora(active=False, mapping=mapping)
    shared = ProtoNet(own.model, F.cross_entropy, ways=WAYS)
    torch.testing.assert_close(own(tasks()), shared(tasks()), rtol=1e-12, atol=1e-12)
    of_own, of_shared = (meta_gradient(learner, tasks(), mapping) for learner in (own, shared))
    for name in ("model.lora_A", "model.lora_B"):
        torch.testing.assert_close(of_own[name], of_shared[name], rtol=1e-10, atol=1e-12)


def test_the_emitted_adapter_by_hand():
    learner, batch = hyper_lora(), tasks(2)
    adapted = learner.adapt(batch.support)[-1]
    for t in range(2):
        x, y = batch.support.x[t], batch.support.y[t]
        means = torch.stack([x[y == c].mean(0) for c in range(WAYS)])
        z = learner.embed(means).mean(0)
        a, b = learner.emit(z).split([2 * DIM, 2 * DIM])
        layer = learner.model
        a, b = layer.lora_A + a.view(2, DIM), layer.lora_B + b.view(DIM, 2)
        torch.testing.assert_close(adapted["lora_A"][t], a, rtol=1e-12, atol=1e-12)
        weight = layer.base.weight + b @ a
        centres = F.linear(means, weight, layer.base.bias)
        features = F.linear(batch.query.x[t], weight, layer.base.bias)
        expected = -((features[:, None] - centres) ** 2).sum(-1)
        scores = learner.predict(adapted, batch.query.x)[t]
        torch.testing.assert_close(scores, expected, rtol=1e-10, atol=1e-10)


def test_the_order_of_items_and_of_classes_changes_nothing():
    learner, batch = hyper_lora(), tasks(1)
    order = torch.randperm(6, generator=generator("items"))
    relabel = torch.tensor([2, 0, 1])
    other = Task(
        Split(batch.support.x[:, order], relabel[batch.support.y[:, order]]),
        Split(batch.query.x, relabel[batch.query.y]),
    )
    torch.testing.assert_close(learner(other), learner(batch), rtol=1e-12, atol=1e-12)


def test_the_adapters_of_many_tasks_lie_in_as_many_directions_as_z_has_numbers():
    learner = hyper_lora(task_size=2)
    adapted = learner.adapt(tasks(9).support)[-1]
    emitted = torch.cat([adapted[n].flatten(1) for n in ("lora_A", "lora_B")], 1)
    shared = torch.cat([learner.model.lora_A.flatten(), learner.model.lora_B.flatten()])
    assert torch.linalg.matrix_rank(emitted - shared) <= 2 < emitted.shape[1]


def test_its_meta_gradient_is_right_and_the_frozen_layer_has_none():
    learner = hyper_lora()
    report = check_meta_gradient(learner, tasks())
    assert report.passed, report
    names = {each.name for each in report.parameters}
    assert names == {
        *("model.lora_A", "model.lora_B"),
        *("embed.0.weight", "embed.0.bias", "emit.weight", "emit.bias"),
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task_size": 0}, "task_size must be 1 or more numbers, got 0"),
        ({"generates": "*ia3*"}, "no parameter matches adapts='\\*ia3\\*'"),
        ({"ways": 0}, "ways must be 1 or more classes"),
    ],
)
def test_it_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        HyperLoRA(encoder(), F.cross_entropy, **({"ways": WAYS, "inputs": DIM} | settings))
