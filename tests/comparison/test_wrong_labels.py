"""Wrong labels: how many, which, and what they must do to each classifier."""

from dataclasses import replace
from itertools import pairwise, product

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab import load_table
from metalearn_lab.comparison.world import ENCODER, make_world
from metalearn_lab.comparison.wrong_labels import (
    UNTRAINED,
    accuracies,
    accuracies_along,
    by_class_means,
    by_nearest_neighbour,
    by_ridge,
    features_of,
    neighbour_accuracy,
    ridge_accuracies,
    train_head,
    with_wrong_labels,
)
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.models.mlp import MLP
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.blobs import blob_episodes
from metalearn_lab.tasks.types import Split, Task


@pytest.fixture
def tasks():
    return blob_episodes("noise", 12, ways=3, shots=4, queries=5, features=4, seed=0)


@pytest.mark.parametrize("wrong", range(5))
def test_so_many_labels_of_each_class_are_wrong_and_nothing_else_changes(tasks, wrong):
    noisy = with_wrong_labels(tasks, 3, wrong, seed=1)
    changed = noisy.support.y != tasks.support.y
    for label in range(3):
        assert (changed & (tasks.support.y == label)).sum(1).eq(wrong).all()
    assert ((noisy.support.y >= 0) & (noisy.support.y < 3)).all()
    assert noisy.support.x is tasks.support.x
    assert noisy.query is tasks.query


def test_more_wrong_labels_contain_the_fewer_ones(tasks):
    levels = [with_wrong_labels(tasks, 3, wrong, seed=1).support.y for wrong in range(5)]
    for fewer, more in pairwise(levels):
        kept = fewer != tasks.support.y
        assert torch.equal(fewer[kept], more[kept])


def test_the_new_label_is_any_other_one_equally_often():
    y = torch.zeros(1, 3000, dtype=torch.int64)
    y[:, 1000:2000], y[:, 2000:] = 1, 2
    split = Split(torch.zeros(1, 3000, 1), y)
    noisy = with_wrong_labels(Task(split, split), 3, 1000, seed=0).support.y[0, :1000]
    assert noisy.bincount(minlength=3)[1:].tolist() == pytest.approx([500, 500], abs=70)


@pytest.mark.parametrize("wrong", [-1, 5])
def test_more_than_there_are_are_refused(tasks, wrong):
    with pytest.raises(ValueError, match="0 to 4 labels"):
        with_wrong_labels(tasks, 3, wrong, seed=0)


def test_classes_of_unequal_size_are_refused(tasks):
    uneven = tasks.support._replace(y=torch.zeros_like(tasks.support.y))
    with pytest.raises(ValueError, match="equally many"):
        with_wrong_labels(Task(uneven, tasks.query), 3, 1, seed=0)


def test_the_formula_of_the_nearest_neighbour_is_the_mean_over_all_ways_to_be_wrong():
    """Every choice of two wrong labels, one of each class of two, of three ways to be wrong."""
    ways, shots = 3, 2
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, ways * shots, 4, generator=generator)
    y = torch.arange(ways).repeat(shots)[None]
    query = Split(
        torch.randn(1, 30, 4, generator=generator),
        torch.randint(ways, (1, 30), generator=generator),
    )
    clean = (by_nearest_neighbour(Task(Split(x, y), query), ways) == query.y).float().mean().item()
    found = []
    for items in product(range(shots), repeat=ways):
        for shifts in product((1, 2), repeat=ways):
            noisy = y.clone()
            for label, (item, shift) in enumerate(zip(items, shifts, strict=True)):
                noisy[0, item * ways + label] = (label + shift) % ways
            predicted = by_nearest_neighbour(Task(Split(x, noisy), query), ways)
            found.append((predicted == query.y).float().mean().item())
    mean = sum(found) / len(found)
    assert mean == pytest.approx(neighbour_accuracy(clean, 1 / shots, ways), abs=1e-6)


def test_class_means_keep_their_order_if_wrong_labels_are_spread_evenly():
    """Each class gives one of its three labels to each other class: means shrink, no more."""
    x = torch.eye(3).repeat(3, 1)[None] + torch.tensor([0.3, 0.1, 0.2])
    y = torch.arange(3).repeat(3)[None]
    shifted = (y + torch.tensor([0, 0, 0, 0, 0, 0, 1, 1, 1])) % 3
    query = Split(x[:, :3], y[:, :3])
    for labels in (y, shifted):
        assert torch.equal(by_class_means(Task(Split(x, labels), query), 3), query.y)


def test_ridge_with_no_penalty_to_speak_of_repeats_its_labels(tasks):
    noisy = with_wrong_labels(tasks, 3, 2, seed=0)
    wide = torch.cat([noisy.support.x, torch.eye(12).expand(12, 12, 12)], -1)
    own = Split(wide, noisy.support.y)
    assert torch.equal(by_ridge(Task(own, own), 3, 1e-6), noisy.support.y)


def test_accuracies_are_those_of_each_level(tasks):
    given = accuracies(tasks, 3, UNTRAINED, seed=4)
    assert set(given) == set(UNTRAINED)
    for wrong in (0, 3):
        noisy = with_wrong_labels(tasks, 3, wrong, seed=4)
        right = (by_class_means(noisy, 3) == tasks.query.y).float().mean(1)
        assert torch.equal(given["class means"][0][wrong], right)


def test_a_learner_without_a_step_knows_nothing_and_with_one_follows_the_labels(tasks):
    learner = MAML(MLP([4, 3]), F.cross_entropy, inner_lr=1.0, inner_steps=1)
    for weight in learner.parameters():
        weight.data.zero_()
    along = accuracies_along(learner, tasks, 3, (0, 5), seed=4)
    assert along[0].shape == (5, 12)
    assert (along[0] == along[0][:1]).all(), "labels of the support are not seen before a step"
    assert along[5][0].mean() > along[5][4].mean()


def test_adapting_the_head_to_features_is_adapting_the_whole_learner():
    table = load_table("embedded")
    world = make_world(table, ways=3, shots=2, queries=2)
    rows = torch.randn(len(table), 6, generator=torch.Generator().manual_seed(0))
    world = replace(world, inputs=rows, representation=ENCODER)
    with one_thread():
        body, head = train_head(world, iterations=2, seed=0)
        whole = FeatureClassifier(6, 3)
        whole.body, whole.head = body, head.model
        settings = {"inner_lr": head.inner_lr, "inner_steps": 1}
        learner = MAML(whole, F.cross_entropy, adapts="head.*", **settings)
        tasks = world.sampler("test").batch(0, 4)
        expected = predict_along(learner, tasks, 3)
        given = predict_along(head, features_of(body, tasks), 3)
    torch.testing.assert_close(given, expected)
    assert not torch.equal(body.weight, FeatureClassifier(6, 3).body.weight), "it was trained"


def test_ridge_is_judged_by_its_penalty(tasks):
    noisy = with_wrong_labels(tasks, 3, 2, seed=0)
    given = ridge_accuracies(noisy, 3, (0.1, 10.0))
    for penalty, accuracy in given.items():
        right = (by_ridge(noisy, 3, penalty) == noisy.query.y).float().mean().item()
        assert accuracy == pytest.approx(right)
