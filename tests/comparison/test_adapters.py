"""Adapters on the encoder's vectors: what is trained, what stays, and where all of them begin."""

import pytest
import torch

from metalearn_lab.comparison.adapters import (
    ADAPTERS,
    RANKS,
    STRUCTURES,
    anew,
    classifier,
    emitted_and_shared,
)
from metalearn_lab.comparison.methods import Budget, Rates
from metalearn_lab.comparison.world import ENCODER, World
from metalearn_lab.tasks.class_splits import ClassSplit
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.table import LabelledTable

DIM, WAYS = 384, 5
BUDGET = Budget(iterations=1)


@pytest.fixture(scope="module")
def world():
    classes = tuple(f"class {i:02}" for i in range(15))
    labels = tuple(i % 15 for i in range(15 * 8))
    texts = tuple(f"text {i}" for i in range(len(labels)))
    table = LabelledTable(texts, labels, classes, tuple(range(len(texts))), "made up")
    split = ClassSplit(*(tuple(range(first, first + 5)) for first in (0, 5, 10)))
    x = torch.randn(len(labels), DIM, generator=generator("adapters"))
    x = torch.nn.functional.normalize(x, dim=1)
    return World(table, split, x, WAYS, 1, 5, 0, representation=ENCODER)


def trained(world, name):
    learner = ADAPTERS[name].build(world, Rates(1.0, 1e-3), BUDGET, 0)
    return learner, sum(p.numel() for p in learner.parameters() if p.requires_grad)


@pytest.mark.parametrize("rank", RANKS)
def test_what_is_trained_is_what_the_formula_says(world, rank):
    adapter, head = 2 * DIM * rank, WAYS * (DIM + 1)
    if rank == 4:
        assert trained(world, f"adapter {rank}, learned start")[1] == adapter + head
    assert trained(world, f"adapter {rank}, shared")[1] == adapter
    generator_numbers = 64 * (DIM + 1) + adapter * (64 + 1)
    assert trained(world, f"adapter {rank}, emitted")[1] == adapter + generator_numbers


@pytest.mark.parametrize("name", [name for name in ADAPTERS if ADAPTERS[name].build])
def test_training_moves_no_frozen_layer(world, name):
    learner, _ = trained(world, name)
    frozen = {n: p.clone() for n, p in learner.named_parameters() if not p.requires_grad}
    optimizer = torch.optim.Adam(learner.parameters(), 0.1)
    for i in range(2):
        optimizer.zero_grad()
        learner(world.sampler("train").batch(i, 1)).backward()
        optimizer.step()
    after = dict(learner.named_parameters())
    assert all(torch.equal(after[n], weight) for n, weight in frozen.items())
    assert bool(frozen) == (name != "Meta Networks")


@pytest.mark.parametrize("rank", [rank for rank in STRUCTURES.values() if rank != 0])
def test_the_first_step_from_a_zero_head_moves_the_head_alone(world, rank):
    """Through a head of zeros no gradient comes to what lies below it, whatever that is."""
    tasks = world.sampler("test").batch(0, 3)
    _, after = anew(world, rank, 2.0).adapt(tasks.support, 1)
    _, of_head = anew(world, 0, 2.0).adapt(tasks.support, 1)
    model = classifier(world, rank)
    for name, weight in model.named_parameters():
        if name.startswith("head"):
            torch.testing.assert_close(after[name], of_head[name])
        else:
            assert torch.equal(after[name], weight.expand_as(after[name]))


def test_the_accuracy_of_what_is_fitted_anew_is_that_of_its_best_steps(world):
    accuracy = ADAPTERS["adapter 4, anew"].accuracy(world, "test", 6, inner_lr=3.0)
    assert accuracy.shape == (6,)
    assert 0 <= accuracy.min() <= accuracy.max() <= 1


def test_the_emitted_and_the_shared_adapter_are_trained_and_judged_on_the_same_tasks(world):
    sources = {part: world.sampler(part) for part in ("train", "test")}
    settings = {"tasks": 3, "iterations": 2, "seed": 0}
    result, shared = emitted_and_shared(world, sources, 4, **settings)
    assert result.own.shape == result.shuffled.shape == shared.shape == (3,)
    again, shared_again = emitted_and_shared(world, sources, 4, **settings)
    assert torch.equal(result.own, again.own)
    assert torch.equal(shared, shared_again)
    # Without training the generator is silent, and both are the one adapter.
    untrained, same = emitted_and_shared(world, sources, 4, **settings, outer_lr=1e-12)
    assert torch.equal(untrained.own, same)
