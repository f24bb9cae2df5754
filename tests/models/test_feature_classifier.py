"""It starts from the nearest class mean of its inputs, and adapts within the support's span."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.compiled import compiled_meta_loss
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.running.low_rank import saves_work
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import gradients

DIM, WAYS = 16, 3


def vectors(name, *shape):
    numbers = generator("features", name, *shape)
    return F.normalize(torch.randn(*shape, DIM, generator=numbers, dtype=torch.float64), dim=-1)


def tasks(count=4, shots=2, queries=5):
    sides = {"support": shots, "query": queries}
    return Task(
        *(
            Split(vectors(side, count, WAYS * n), torch.arange(WAYS).repeat(count, n))
            for side, n in sides.items()
        )
    )


def learner(kind=MAML, **settings):
    """With a head that has left zero, so that all of it adapts."""
    model = FeatureClassifier(DIM, WAYS)
    torch.nn.init.normal_(model.head.weight, generator=generator("head"))
    defaults = {"inner_lr": 0.3, "inner_steps": 3}
    return kind(model, F.cross_entropy, **(defaults | settings)).double()


def test_features_start_as_ten_times_the_squared_distances_and_scores_as_zero():
    model, x = FeatureClassifier(DIM, WAYS).double(), vectors("items", 7)
    torch.testing.assert_close(
        torch.cdist(model.body(x), model.body(x)) ** 2, 10 * torch.cdist(x, x) ** 2
    )
    assert torch.equal(model(x), torch.zeros(7, WAYS).double())


def prototypes(batch):
    """Scores of the queries by a prototype network on the untrained body."""
    net = ProtoNet(FeatureClassifier(DIM, WAYS).body, F.cross_entropy, ways=WAYS).double()
    return net.predict(net.adapt(batch.support)[0], batch.query.x)


def test_a_prototype_network_on_it_starts_as_the_nearest_mean_of_its_inputs():
    batch = tasks()
    scores = prototypes(batch)
    means = batch.support.x.unflatten(1, (-1, WAYS)).mean(1)  # items stand shot by shot
    distances = torch.cdist(batch.query.x, means)
    assert torch.equal(scores.argsort(-1, descending=True), distances.argsort(-1))
    torch.testing.assert_close(scores, -10 * distances**2)


def test_of_unit_vectors_with_one_shot_that_is_the_nearest_by_cosine():
    net, batch = (
        ProtoNet(FeatureClassifier(DIM, WAYS).body, F.cross_entropy, ways=WAYS),
        tasks(9, 1),
    )
    scores = net.double().predict(net.adapt(batch.support)[0], batch.query.x)
    cosines = class_mean_cosines(*batch.support, batch.query.x, WAYS)
    assert torch.equal(scores.argsort(-1), cosines.argsort(-1))


@pytest.mark.parametrize("adapts", ["*", "body.*", "body.weight"])
@pytest.mark.parametrize("kind", [MAML, FirstOrderMAML])
def test_within_the_span_of_the_support_it_adapts_as_a_plain_learner(kind, adapts):
    small = learner(kind, adapts=adapts, low_rank=True)
    plain = learner(kind, adapts=adapts, low_rank=False, mapping="loop")
    batch = tasks()
    expected = gradients(plain, batch)
    for name, gradient in gradients(small, batch).items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-10, atol=1e-13)
    trajectory = plain.adapt(batch.support)
    scores = torch.stack([plain.predict(theta, batch.query.x) for theta in trajectory], 1)
    torch.testing.assert_close(predict_along(small, batch), scores, rtol=1e-10, atol=1e-12)


def test_by_the_rule_its_projection_is_the_layer_that_adapts_so():
    assert saves_work(learner(), tasks(shots=2).support.x)  # 16 numbers, 6 items
    assert not saves_work(learner(), tasks(shots=3).support.x)
    assert not saves_work(learner(adapts="head.*"), tasks(shots=2).support.x)


def test_compiled_it_is_the_same():
    own, batch = learner(), tasks()
    expected = gradients(own, batch)
    own.zero_grad()
    compiled_meta_loss(own, batch)(batch).backward()
    for name, gradient in expected.items():
        torch.testing.assert_close(own.get_parameter(name).grad, gradient, rtol=1e-9, atol=1e-11)


def test_another_projection_and_head_of_the_same_size_are_the_same():
    """Nothing of the start is drawn at random."""
    one, other = (FeatureClassifier(DIM, WAYS).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("sizes", [(0, 3), (16, 0)])
def test_a_size_below_one_is_refused(sizes):
    with pytest.raises(ValueError, match=f"must be 1 or more, got {sizes[0]} and {sizes[1]}"):
        FeatureClassifier(*sizes)
