"""Sequences of tasks: none shares an intent, EWC's Fisher by brute force, and what keeps what."""

import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.forgetting import transfer_scores
from metalearn_lab.experiments.task_sequence import (
    AT_ONCE,
    ELASTIC,
    FINE_TUNING,
    REPLAY,
    SAVED_SEQUENCES,
    STARTS,
    TASKS,
    WAYS,
    class_mean_sequence,
    diagonal_fisher,
    learn_sequence,
    sequence_of,
    start_of,
)
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.table import Row, build_table


@pytest.fixture(scope="module")
def intents():
    rows = [Row(f"class {c} number {i}", f"c{c:02d}", i) for c in range(32) for i in range(18)]
    table = build_table(rows, "made up")
    numbers = torch.Generator().manual_seed(0)
    places = F.normalize(torch.randn(32, 16, generator=numbers), dim=1)
    noise = 0.1 * torch.randn(len(table), 16, generator=numbers)
    return table, places[torch.tensor(table.labels)] + noise


def test_each_task_has_its_own_intents(intents):
    sequence = sequence_of(*intents, 0)
    assert len(sequence.tasks) == TASKS
    assert len(sequence.others) == 32 - TASKS * WAYS
    table, vectors = intents
    found = [
        {table.labels[int((vectors == x).all(1).nonzero())] for x in task.support.x}
        for task in sequence.tasks
    ]
    assert all(len(each) == WAYS for each in found)
    assert len(set.union(*found)) == TASKS * WAYS
    assert not set.union(*found) & set(sequence.others)


def test_the_fisher_is_the_mean_of_squared_gradients():
    model = MLP([3, 4, WAYS], seed=1)
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
    expected = {name: torch.zeros_like(p) for name, p in model.named_parameters()}
    for item in x:
        chances = model(item[None])[0].softmax(0).detach()
        for label in range(WAYS):
            model.zero_grad()
            model(item[None])[0].log_softmax(0)[label].backward()
            for name, p in model.named_parameters():
                expected[name] += chances[label] * p.grad**2 / len(x)
    for name, value in diagonal_fisher(model, x).items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-7)


def test_methods_keep_more_than_fine_tuning(intents):
    sequence = sequence_of(*intents, 0)
    start = start_of(STARTS[0], *intents, sequence.others, 0)
    ends = {}
    for method, strength in ((FINE_TUNING, 0.0), (ELASTIC, 300.0), (REPLAY, 1.0), (AT_ONCE, 0.0)):
        learned = learn_sequence(start, sequence.tasks, method, lr=0.01, strength=strength)
        ends[method] = transfer_scores(learned.accuracies, learned.before)
        assert learned.before.tolist() == pytest.approx([0.2] * TASKS)
    assert ends[FINE_TUNING].forgetting > 0.1
    for method in (ELASTIC, REPLAY, AT_ONCE):
        assert ends[method].forgetting < ends[FINE_TUNING].forgetting
    means = class_mean_sequence(sequence.tasks)
    assert transfer_scores(means.accuracies, means.before).accuracy > 0.9


def test_without_strength_ewc_is_fine_tuning(intents):
    sequence = sequence_of(*intents, 1)
    start = start_of(STARTS[0], *intents, sequence.others, 1)
    plain, tied = (
        learn_sequence(start, sequence.tasks, method, lr=0.01, steps=5).accuracies
        for method in (FINE_TUNING, ELASTIC)
    )
    torch.testing.assert_close(plain, tied)


def test_the_start_is_left_as_it_is_and_a_wrong_name_is_refused(intents):
    sequence = sequence_of(*intents, 1)
    start = start_of(STARTS[0], *intents, sequence.others, 1)
    before = {name: p.clone() for name, p in start.named_parameters()}
    learn_sequence(start, sequence.tasks, FINE_TUNING, lr=0.01, steps=2)
    torch.testing.assert_close(dict(start.named_parameters()), before)
    with pytest.raises(ValueError, match="no method"):
        learn_sequence(start, sequence.tasks, "hope", lr=0.01)
    with pytest.raises(ValueError, match="untrained, pretrained"):
        start_of("random", *intents, sequence.others, 0)


@pytest.mark.parametrize("kind", STARTS[1:])
def test_training_before_the_sequence_helps_new_intents(intents, kind, monkeypatch):
    monkeypatch.setattr("metalearn_lab.experiments.task_sequence.ITERATIONS", 20)
    sequence = sequence_of(*intents, 0)
    start = start_of(kind, *intents, sequence.others, 0)
    fresh = start_of(STARTS[0], *intents, sequence.others, 0)
    moved = (start.body[0].weight - fresh.body[0].weight).abs().max()
    assert moved > 1e-3
    assert (start.head.weight.abs().max() == 0) == (kind == "pretrained")
    assert all(p.requires_grad for p in start.parameters())


def test_the_saved_table_has_every_draw():
    saved = pd.read_csv(SAVED_SEQUENCES, keep_default_na=False)
    assert set(saved.groupby(["start", "method"]).size()) == {10}
