"""Baseline++: cosines in training and in each task, on features that no task moves."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.compiled import CompiledAdaptation, compiled_meta_loss
from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.few_shot_score import few_shot_score, trainable_parameters
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.baseline_plus_plus import MINI_IMAGENET, BaselinePlusPlus
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.models.cosine_head import CosineHead
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.training.meta_train import meta_train

WAYS, CLASSES = 3, 8


def learner(scale=2.0, **settings):
    model = MLP([4, 7, 5, WAYS], activation="tanh")
    model.head = CosineHead(5, WAYS, scale=scale)
    defaults = {"classes": CLASSES, "inner_lr": 0.5, "inner_steps": 3}
    return BaselinePlusPlus(model, F.cross_entropy, **(defaults | settings)).double()


def sampler(shots=2, first=0):
    """Clouds around eight random centres, of other classes than from another ``first``."""
    numbers = generator("clouds", first)
    centres = 2 * torch.randn(CLASSES, 4, generator=numbers, dtype=torch.float64)
    x = centres.repeat(12, 1)
    x = x + 0.5 * torch.randn(x.shape, generator=numbers, dtype=torch.float64)
    y = torch.arange(CLASSES).repeat(12)
    return EpisodeSampler(x, y, ways=WAYS, shots=shots, queries=4, seed=first)


def adapted_scores(own, batch):
    return own.predict(own.adapt(batch.support)[-1], batch.query.x)


def test_it_is_pretraining_with_two_heads_of_cosines():
    own, batch = learner(), sampler().batch(0, 3)
    joint = JointPretraining(
        own.model,
        F.cross_entropy,
        pretraining_head=own.pretraining_head,
        adapts="head.*",
        inner_lr=0.5,
        inner_steps=3,
    )
    pretraining = sampler().pretraining_batch(0, 3)
    assert torch.equal(own(pretraining), joint(pretraining))
    assert torch.equal(adapted_scores(own, batch), adapted_scores(joint, batch))
    assert (own.gradients_per_task, trainable_parameters(own)) == (1, WAYS * 5)


def test_with_one_shot_and_the_features_for_vectors_it_is_the_nearest_class_mean_by_cosine():
    """θ_0 with w_c the one support feature of class c, of whatever lengths."""
    own, batch = learner(scale=3.0), sampler(shots=1).batch(0, 4)
    support, query = (own.model.body(split.x) for split in batch)
    means = support[torch.arange(4)[:, None], batch.support.y.argsort(-1)]
    start = own.adapt(batch.support)[0]
    scores = own.predict({**start, "head.weight": means}, batch.query.x)
    cosines = F.cosine_similarity(query[:, :, None], means[:, None], dim=-1)
    torch.testing.assert_close(scores, 3 * cosines)
    longer = {**start, "head.weight": means * torch.tensor([[[0.1], [1.0], [30.0]]])}
    torch.testing.assert_close(own.predict(longer, batch.query.x), scores)


def test_a_task_moves_the_head_alone_and_training_all_but_that():
    own, batch = learner(), sampler().batch(0, 2)
    start, *_, last = own.adapt(batch.support)
    assert {n for n in start if not torch.equal(start[n], last[n])} == {"head.weight"}
    own(sampler().pretraining_batch(0, 2)).backward()
    without = {name for name, p in own.named_parameters() if p.grad is None}
    assert without == {"model.head.weight"}


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_its_meta_gradient_is_right(mapping):
    report = check_meta_gradient(learner(mapping=mapping), sampler().pretraining_batch(0, 2))
    assert report.passed, report


def test_an_inner_step_goes_down_the_gradient():
    """Finite differences of the support loss in the vectors."""
    own, batch = learner(), sampler().batch(0, 1)
    theta_0, theta_1 = (
        {name: weight[0] for name, weight in theta.items()} for theta in own.adapt(batch.support, 1)
    )
    found = (theta_0["head.weight"] - theta_1["head.weight"]) / own.inner_lr
    x, y = batch.support.x[0], batch.support.y[0]

    def loss(shift):
        moved = {**theta_0, "head.weight": theta_0["head.weight"] + shift}
        return F.cross_entropy(own.call(moved, x), y).detach()

    steps = 1e-5 * torch.eye(found.numel(), dtype=torch.float64).view(-1, *found.shape)
    slopes = torch.stack([(loss(step) - loss(-step)) / 2e-5 for step in steps])
    torch.testing.assert_close(found, slopes.view_as(found), rtol=1e-6, atol=1e-8)


def test_however_it_is_run_it_is_the_same():
    batch = sampler().batch(0, 3)
    expected = adapted_scores(learner(mapping="vmap"), batch)
    for settings in ({"mapping": "loop"}, {"chunk_size": 2}):
        torch.testing.assert_close(adapted_scores(learner(**settings), batch), expected)


def test_compiled_it_is_the_same():
    own, batch, pretraining = learner(), sampler().batch(0, 3), sampler().pretraining_batch(0, 1)
    own(pretraining).backward()
    expected = {n: p.grad.clone() for n, p in own.named_parameters() if p.grad is not None}
    own.zero_grad()
    compiled_meta_loss(own, pretraining)(pretraining).backward()
    for name, gradient in expected.items():
        torch.testing.assert_close(own.get_parameter(name).grad, gradient, rtol=1e-9, atol=1e-11)
    found = CompiledAdaptation(own, batch.support, batch.query.x, 3)(batch.support, batch.query.x)
    torch.testing.assert_close(found, predict_along(own, batch, 3), rtol=1e-9, atol=1e-11)


def test_training_helps_on_unseen_classes_and_goes_on_from_a_checkpoint(tmp_path):
    def run(iterations):
        own, source = learner(), sampler()
        meta_train(
            own,
            lambda i: own.training_batch(source, 2 * i, 2),
            iterations=iterations,
            optimizer=torch.optim.Adam(own.parameters(), 1e-2),
            every=5,
            checkpoint=tmp_path / "baseline_plus_plus.checkpoint",
            progress=False,
        )
        return own

    seen, unseen = sampler().pretraining_batch(0, 8), sampler(first=1).batch(0, 40)
    untrained = learner()
    run(10)
    resumed = run(40)
    (tmp_path / "baseline_plus_plus.checkpoint").unlink()
    whole = run(40)
    for one, other in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)
    assert whole(seen) < 0.7 * untrained(seen)
    curve = adaptation_curves(whole, unseen, 10).mean_accuracy.mean
    assert curve[-1] > 0.8 > 0.5 > curve[0]
    score = few_shot_score(whole, unseen, unseen, inner_lrs=[0.1, 0.5], most_steps=5)
    assert score.mean.mean > 0.7


def test_other_heads_are_refused():
    settings = {"classes": CLASSES, "inner_lr": 0.5, "inner_steps": 3}
    message = r"BaselinePlusPlus needs a model whose head is a CosineHead, got Linear.*write model"
    with pytest.raises(ValueError, match=message):
        BaselinePlusPlus(MLP([4, 5, 3]), F.cross_entropy, **settings)
    bodiless = nn.Sequential()
    bodiless.head = CosineHead(5, 3)
    with pytest.raises(ValueError, match="a pretraining head needs the model's features"):
        BaselinePlusPlus(bodiless, F.cross_entropy, **settings)
    with pytest.raises(ValueError, match="1 class or more, got 5 and 0"):
        learner(classes=0)
    with pytest.raises(TypeError, match="adapts"):
        learner(adapts="*")


def test_a_class_beyond_the_training_classes_is_refused():
    with pytest.raises(ValueError, match=r"a class label has no output"):
        learner(classes=4)(sampler().pretraining_batch(0, 4))


def test_the_published_settings_build_it():
    own = learner(scale=MINI_IMAGENET.scale, inner_lr=MINI_IMAGENET.inner_lr)
    assert own.pretraining_head.scale == own.model.head.scale == 2
    assert own(sampler().pretraining_batch(0, 2)).isfinite()
