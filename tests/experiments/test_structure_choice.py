"""Structures chosen by held-out shots: the folds, the choice, and what it may not do."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.experiments.structure_choice import (
    StructureChoice,
    choose_structures,
    held_out_folds,
)
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.tasks.blobs import blob_episodes
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, select_tasks

WAYS, DIM, SHOTS, COUNT = 3, 6, 4, 5


def blobs(shots=SHOTS):
    return blob_episodes("structures", COUNT, ways=WAYS, shots=shots, features=DIM)


def learners():
    names = ("head.*", "*")
    model = FeatureClassifier(DIM, WAYS)
    return [
        MAML(model, F.cross_entropy, inner_lr=0.3, inner_steps=3, adapts=name) for name in names
    ]


def test_every_item_is_held_out_once_and_never_learned_from_then():
    items = torch.arange(COUNT * WAYS * SHOTS, dtype=torch.float32).view(COUNT, -1, 1)
    y = torch.arange(WAYS).repeat(COUNT, SHOTS)
    order = torch.randperm(WAYS * SHOTS, generator=generator("order"))
    folds = held_out_folds(Split(items[:, order], y[:, order]), SHOTS)
    assert folds.support.y.shape == (COUNT * SHOTS, WAYS * (SHOTS - 1))
    for t in range(COUNT):
        own = slice(t * SHOTS, (t + 1) * SHOTS)
        held = folds.query.x[own].flatten().tolist()
        assert sorted(held) == items[t].flatten().tolist()
        for learned, query in zip(folds.support.x[own], folds.query.x[own], strict=True):
            together = torch.cat([learned, query]).flatten().tolist()
            assert sorted(together) == items[t].flatten().tolist()
    assert torch.equal(folds.query.x.flatten().long() % WAYS, folds.query.y.flatten())


def test_it_scores_each_structure_as_ever_and_on_what_it_held_out():
    structures, tasks = learners(), blobs()
    choice = choose_structures(structures, (3, 2), tasks, shots=SHOTS)
    folds = held_out_folds(tasks.support, SHOTS)
    for i, (learner, steps) in enumerate(zip(structures, (3, 2), strict=True)):
        expected = adaptation_curves(learner, tasks, steps).accuracy[:, -1]
        assert torch.equal(choice.accuracy[:, i], expected)
        fold = adaptation_curves(learner, select_tasks(folds, slice(SHOTS, 2 * SHOTS)), steps)
        assert choice.held_out[1, i].item() == pytest.approx(fold.accuracy[:, -1].mean().item())


def test_the_choice_reads_the_held_out_items_alone_and_takes_the_first_of_equals():
    held_out = torch.tensor([[0.5, 0.5, 0.2], [0.1, 0.3, 0.9]])
    accuracy = torch.tensor([[0.2, 1.0, 0.0], [1.0, 0.0, 0.6]])
    choice = StructureChoice(accuracy, held_out)
    assert choice.chosen.tolist() == [0, 2]
    torch.testing.assert_close(choice.of_chosen, torch.tensor([0.2, 0.6]))
    assert choice.of_oracle.tolist() == [1.0, 1.0]


def test_it_refuses_one_shot_and_classes_of_other_sizes():
    with pytest.raises(ValueError, match="2 shots or more, got 1"):
        choose_structures(learners(), (1, 1), blobs(1), shots=1)
    with pytest.raises(ValueError, match="every class of a support must have 3 items"):
        held_out_folds(blobs().support, 3)
