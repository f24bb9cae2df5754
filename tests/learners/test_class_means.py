"""The pretrained class means: what pretraining trains, and the nearest mean by cosine of it."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.compiled import compiled_meta_loss
from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.few_shot_score import trainable_parameters
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines, frozen_class_means
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.class_means import PretrainedMeans
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.non_finite import NonFiniteLossError
from tests.learners.builders import gradients

WAYS, CLASSES = 3, 8


def network():
    return MLP([4, 7, 5, WAYS], activation="tanh").double()


def learner(model=None, classes=CLASSES, **settings):
    body, head = (model or network()).body, MLP([5, classes], seed=3).double()
    defaults = {"ways": WAYS, "pretraining_head": head}
    return PretrainedMeans(body, F.cross_entropy, **(defaults | settings))


def sampler(first=0, shots=2, queries=4):
    """Eight clouds, of other classes than from another ``first``; two of four axes are noise."""
    numbers = generator("clouds", first)
    centres = torch.randn(CLASSES, 4, generator=numbers, dtype=torch.float64)
    x = (centres * torch.tensor([1.0, 1.0, 0.0, 0.0])).repeat(12, 1)
    spread = torch.tensor([0.2, 0.2, 2.0, 2.0])
    x = x + spread * torch.randn(x.shape, generator=numbers, dtype=torch.float64)
    y = torch.arange(CLASSES).repeat(12)
    return EpisodeSampler(x, y, ways=WAYS, shots=shots, queries=queries, seed=first)


def features_of(own, batch):
    with torch.no_grad():
        return Task(*(Split(own.model(split.x), split.y) for split in batch))


def gradients_of_used(own, batch):
    own.zero_grad()
    own(batch).backward()
    return {name: p.grad for name, p in own.named_parameters() if p.grad is not None}


def test_its_scores_are_cosines_with_the_class_means_of_its_features():
    own, batch = learner(), sampler().batch(0, 20)
    tasks = features_of(own, batch)
    scores = own.predict(own.adapt(batch.support)[-1], batch.query.x)
    torch.testing.assert_close(scores, class_mean_cosines(*tasks.support, tasks.query.x, WAYS))
    accuracy = adaptation_curves(own, batch, 0).accuracy[:, 0]
    assert torch.equal(accuracy, frozen_class_means(tasks, WAYS))


def test_classes_of_unequal_numbers_have_means_and_not_sums():
    own, batch = learner(), sampler(shots=3).batch(0, 6)
    uneven = Split(batch.support.x[:, :7], batch.support.y[:, :7])  # class 0 has a third item
    [state] = own.adapt(uneven)
    features = own.model(uneven.x).detach()
    for i in range(6):
        for way in range(WAYS):
            mean = features[i][uneven.y[i] == way].mean(0)
            torch.testing.assert_close(state["means"][i, way], mean)


def test_in_training_it_is_pretraining_with_the_same_head():
    model = network()
    own = learner(model)
    joint = JointPretraining(
        model,
        F.cross_entropy,
        pretraining_head=own.pretraining_head,
        inner_lr=0.1,
        inner_steps=1,
    )
    source = sampler()
    mine, theirs = (each.training_batch(source, 5, 3) for each in (own, joint))
    assert all(torch.equal(a, b) for a, b in zip(mine.query, theirs.query, strict=True))
    assert mine.query.x.shape == (1, 3 * WAYS * (2 + 4), 4)
    assert torch.equal(own(mine), joint(mine))
    expected = gradients(own, mine)
    slopes = gradients_of_used(joint, mine)  # not of the head that a task adapts
    found = {name.replace("model.body", "model"): slope for name, slope in slopes.items()}
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_its_gradient_is_right(mapping):
    report = check_meta_gradient(learner(mapping=mapping), sampler().pretraining_batch(0, 2))
    assert report.passed, report
    assert len(report.parameters) == 4 + 2


def test_a_task_moves_nothing_at_all():
    own, batch = learner(), sampler().batch(0, 3)
    weights = {name: p.detach().clone() for name, p in own.named_parameters()}
    curves = adaptation_curves(own, batch, 4)
    assert torch.equal(curves.loss, curves.loss[:, :1].expand(-1, 5))
    assert all(torch.equal(weights[name], p) for name, p in own.named_parameters())
    assert (own.gradients_per_task, own.inner_steps, trainable_parameters(own)) == (1, 0, 0)
    assert set(own.adapt(batch.support)[0]) == {"means", *dict(own.model.named_parameters())}


def test_however_it_is_run_it_is_the_same():
    batch, pretraining = sampler().batch(0, 3), sampler().pretraining_batch(0, 3)

    def scores(own):
        return own.predict(own.adapt(batch.support)[-1], batch.query.x)

    for settings in ({"mapping": "loop"}, {"chunk_size": 2}):
        torch.testing.assert_close(scores(learner(**settings)), scores(learner()))
        torch.testing.assert_close(learner(**settings)(pretraining), learner()(pretraining))


def test_compiled_it_is_the_same():
    own, pretraining = learner(), sampler().pretraining_batch(0, 1)
    expected = gradients(own, pretraining)
    own.zero_grad()
    compiled_meta_loss(own, pretraining)(pretraining).backward()
    for name, gradient in expected.items():
        torch.testing.assert_close(own.get_parameter(name).grad, gradient, rtol=1e-9, atol=1e-11)


def test_training_helps_on_unseen_classes_and_goes_on_from_a_checkpoint(tmp_path):
    def run(iterations):
        own, source = learner(), sampler()
        meta_train(
            own,
            lambda i: own.training_batch(source, 2 * i, 2),
            iterations=iterations,
            optimizer=torch.optim.Adam(own.parameters(), 1e-2),
            every=5,
            checkpoint=tmp_path / "means.checkpoint",
            progress=False,
        )
        return own

    seen, unseen = sampler().pretraining_batch(0, 8), sampler(first=1).batch(0, 60)
    untrained = learner()
    run(10)
    resumed = run(60)
    (tmp_path / "means.checkpoint").unlink()
    whole = run(60)
    for one, other in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)
    assert whole(seen) < 0.7 * untrained(seen)
    before, after = (adaptation_curves(own, unseen, 0).mean_accuracy for own in (untrained, whole))
    assert after.mean[0] - after.half_width[0] > before.mean[0] > 1 / 3


@pytest.mark.parametrize("label", [-1, WAYS])
def test_a_support_label_that_is_no_class_is_never_passed_over(label):
    own, batch = learner(), sampler().batch(0, 3)
    batch.support.y[0, 0] = label
    scores = own.predict(own.adapt(batch.support)[0], batch.query.x)
    assert not scores[0].isfinite().any()
    assert scores[1:].isfinite().all()


def test_what_it_refuses():
    with pytest.raises(ValueError, match="ways must be 1 or more classes, got 0"):
        learner(ways=0)
    with pytest.raises(TypeError, match="pretraining_head"):
        PretrainedMeans(network().body, F.cross_entropy, ways=WAYS)
    with pytest.raises(TypeError, match="inner_lr"):
        learner(inner_lr=0.1)
    with pytest.raises(ValueError, match=r"a class label has no output"):
        learner(classes=4)(sampler().pretraining_batch(0, 4))


def test_a_loss_that_is_no_number_is_explained():
    own, bad = learner(), sampler().pretraining_batch(0, 1)
    with torch.no_grad():
        own.pretraining_head.head.weight.mul_(1e308)
    optimizer = torch.optim.Adam(own.parameters())
    with pytest.raises(NonFiniteLossError, match="taken here without inner steps, is too large"):
        meta_train(own, lambda i: bad, iterations=1, optimizer=optimizer, progress=False)
