"""Shuffled supports: what a silent and a listening generator must show; disturbed episodes."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.experiments.listening import DisturbedEpisodes, listening
from metalearn_lab.learners.hyper_lora import HyperLoRA
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.models.lora import with_lora
from metalearn_lab.tasks.blobs import blob_episodes
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import select_tasks

WAYS, DIM, COUNT = 3, 6, 5


def learner(listens):
    model = FeatureClassifier(DIM, WAYS)
    model.body.requires_grad_(False)
    encoder = with_lora(model, ["body"], rank=2, lora_alpha=2).body
    nn.init.normal_(encoder.lora_B, generator=generator("B"))
    hyper = HyperLoRA(encoder, F.cross_entropy, ways=WAYS, inputs=DIM)
    if listens:
        nn.init.normal_(hyper.emit.weight, generator=generator("g"))
    return hyper


class Blobs:
    def batch(self, first, count):
        tasks = blob_episodes("listening", 20, ways=WAYS, features=DIM)
        return select_tasks(tasks, slice(first, first + count))


def blobs():
    return Blobs().batch(0, COUNT)


def test_shuffling_costs_a_silent_generator_nothing_on_any_task():
    outcome = listening(learner(listens=False), blobs())
    assert torch.equal(outcome.own, outcome.shuffled)
    assert float(outcome.cost_of_shuffling.mean) == 0


def test_own_is_the_learners_accuracy_and_shuffled_reads_the_next_task():
    hyper, tasks = learner(listens=True), blobs()
    outcome = listening(hyper, tasks)
    expected = adaptation_curves(hyper, tasks, 0).accuracy[:, -1]
    assert torch.equal(outcome.own, expected)
    assert not torch.equal(outcome.own, outcome.shuffled)
    # Tasks that all have one support read the same, whichever they are given.
    same = select_tasks(tasks, torch.zeros(COUNT, dtype=torch.long))
    alike = listening(hyper, same)
    assert torch.equal(alike.own, alike.shuffled)


def test_one_task_has_no_other_to_read():
    with pytest.raises(ValueError, match="2 tasks or more, got 1"):
        listening(learner(listens=True), select_tasks(blobs(), slice(0, 1)))


def test_a_disturbed_task_is_its_own_but_for_one_direction():
    source = Blobs()
    disturbed = DisturbedEpisodes(source, directions=4, scale=3.0)
    u = disturbed.matrix(DIM)
    torch.testing.assert_close(u @ u.T, torch.eye(4), rtol=1e-5, atol=1e-5)
    clean, tasks = source.batch(2, COUNT), disturbed.batch(2, COUNT)
    for side, clean_side in zip(tasks, clean, strict=True):
        assert torch.equal(side.y, clean_side.y)
        for t in range(COUNT):
            moved, own = side.x[t] - clean_side.x[t], u[disturbed.of(2 + t)]
            assert moved.norm() > 1
            torch.testing.assert_close(moved @ (torch.eye(DIM) - own.outer(own)), 0 * moved)
    assert {disturbed.of(i) for i in range(40)} == set(range(4))


def test_a_disturbed_task_is_the_same_in_any_batch():
    disturbed = DisturbedEpisodes(Blobs(), directions=4)
    batch, alone = disturbed.batch(0, 4), disturbed.batch(3, 1)
    assert torch.equal(batch.support.x[3:], alone.support.x)
    assert not torch.equal(batch.support.x[3, :3], batch.query.x[3, :3])
