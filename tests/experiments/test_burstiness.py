"""Contexts are what their kind says; a short training on mixed ones learns the classes by heart."""

import pytest
import torch

from metalearn_lab.experiments.burstiness import CONTEXT, LabelledItems, train_reader

ITEMS = LabelledItems(classes=20, spread=0.0)


def shown_of(kind):
    """How often the question's label stands in each context, and the tasks."""
    tasks = ITEMS.batch(kind, 0, 400)
    assert tasks.support.x.shape == (400, CONTEXT, 16)
    assert tasks.query.y.shape == (400, 1)
    return (tasks.support.y == tasks.query.y).sum(1), tasks


def test_a_bursty_context_has_two_classes_three_times():
    times, tasks = shown_of("bursty")
    assert (times == 3).all()
    counts = torch.stack([row.bincount(minlength=20).sort().values for row in tasks.support.y])
    assert (counts[:, -4:] == torch.tensor([1, 1, 3, 3])).all()


def test_mixed_contexts_have_the_class_by_chance_and_absent_ones_never():
    times, _ = shown_of("mixed")
    assert times.double().mean().item() == pytest.approx(CONTEXT / 20, abs=0.1)
    assert (shown_of("absent")[0] == 0).all()


def test_old_items_are_their_class_and_new_ones_are_two_classes_that_nobody_saw():
    for kind in ("bursty", "mixed", "absent"):
        tasks = ITEMS.batch(kind, 0, 50)
        assert torch.equal(tasks.support.x, ITEMS.centres[tasks.support.y])
        assert torch.equal(tasks.query.x, ITEMS.centres[tasks.query.y])
    times, tasks = shown_of("new")
    assert (times == 4).all()
    same = (tasks.support.x == tasks.query.x).all(2)
    assert torch.equal(same, tasks.support.y == tasks.query.y)
    apart = torch.cdist(tasks.query.x[:, 0], ITEMS.centres).min()
    assert apart > 0.1


def test_the_order_of_the_items_is_random():
    _, tasks = shown_of("bursty")
    place = (tasks.support.y == tasks.query.y).double().mean(0)
    assert (place - 3 / 8).abs().max() < 0.1


def test_too_few_classes_are_refused():
    with pytest.raises(ValueError, match="more than 8, got 8"):
        LabelledItems(classes=8)


def test_a_short_training_on_mixed_contexts_learns_classes_and_not_to_look_them_up():
    items = LabelledItems(classes=12)
    *_, last = train_reader(items, 0.0, 60, every=60, contexts=32, outer_lr=0.003)
    assert last["steps"] == 60
    assert last["in weights"] > 0.8
    assert last["in context"] < 0.4
