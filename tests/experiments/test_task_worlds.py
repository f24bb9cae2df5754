"""Intents: no sentence of a new intent in past tasks, no template on both sides."""

import torch

from metalearn_lab import load_table
from metalearn_lab.experiments.task_worlds import (
    DOMAINS,
    domain_of,
    intent_world,
    sinusoid_world,
    split_intents,
)


def row_numbers(split):
    return {int(row) for row in split.x.flatten().tolist()}


def test_intents_are_split_with_each_domain_on_both_sides():
    classes = load_table(source="embedded").classes
    for seed in range(3):
        parts = split_intents(classes, seed)
        listed = [i for part in parts.values() for i in part]
        assert len(listed) == len(set(listed))
        for name in ("past", "test"):
            assert {domain_of(classes[i]) for i in parts[name]} == set(range(len(DOMAINS)))


def test_past_tasks_hold_no_sentence_of_new_intents_and_queries_no_template_of_a_support():
    table = load_table(source="embedded")
    vectors = torch.arange(len(table), dtype=torch.float32)[:, None]
    world = intent_world(vectors, table, 0, siblings=0.5)
    parts = split_intents(table.classes, 0)
    fresh = {*parts["validation"], *parts["test"]}
    known = row_numbers(world.past.support) | row_numbers(world.past.query)
    assert not {table.labels[row] for row in known} & fresh
    supports = known | row_numbers(world.test.support)
    queried = row_numbers(world.test.query)
    templates = [{table.groups[row] for row in rows} for rows in (supports, queried)]
    assert not templates[0] & templates[1]
    assert len(world.test.support.x) == len(world.clusters["test"]) == 5 * len(parts["test"])
    assert world.test.support.y.mean() == 0.5


def test_siblings_are_of_the_same_domain():
    table = load_table(source="embedded")
    vectors = torch.arange(len(table), dtype=torch.float32)[:, None]
    world = intent_world(vectors, table, 0, siblings=1.0)
    x, y = world.past.support
    for rows, labels, domain in zip(x, y, world.clusters["past"].tolist(), strict=True):
        others = {domain_of(table.classes[table.labels[int(row)]]) for row in rows[labels < 0.5]}
        own = [d for d in world.clusters["past"].tolist() if d == domain]
        assert others == {domain} or len(own) == 1


def test_a_world_of_one_cluster_says_so():
    assert not sinusoid_world(0, apart=0.0).clusters["test"].any()
    assert sinusoid_world(0).clusters["test"].any()
