"""Every method is judged in both kinds of worlds, and the saved table holds all of them."""

import math

import pandas as pd
import pytest
import torch

from metalearn_lab.comparison import task_graph
from metalearn_lab.comparison.task_graph import (
    SAVED_TASK_GRAPH,
    SINUSOID_SETTING,
    WORST,
    by_seed,
    judged,
    means_over_seeds,
)
from metalearn_lab.experiments import task_worlds
from metalearn_lab.experiments.task_graph import MEASURES, World
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP

PLAIN = {"from scratch", "mean of all", "all tasks pooled", "MAML", "Reptile", "ridge head"}
GRAPHS = {f"{kind}: {measure}" for kind in ("graph", "random, as many") for measure in MEASURES}
CLUSTERS = {"same cluster", "other clusters"}


@pytest.fixture
def tiny(monkeypatch):
    """A world of eight curves, and settings that take seconds."""
    monkeypatch.setattr(task_graph, "META_STEPS", (1, 2))
    monkeypatch.setattr(task_graph, "POOLED_STEPS", (1, 2, 3, 4))
    monkeypatch.setattr(task_graph, "QUANTILES", (0.0, 0.5))
    monkeypatch.setattr(task_graph, "STEPS", (1, 2))
    for name in ("PAST", "VALIDATION", "TEST"):
        monkeypatch.setattr(task_worlds, name, 4)
    setting = SINUSOID_SETTING._replace(rates=(0.01, 1e9), widest=(0.001, 1e9))
    world = task_worlds.sinusoid_world(0)
    learner = MAML(MLP([1, 8, 1], seed=0), world.learner.loss, inner_lr=0.01, inner_steps=2)
    return World(learner, *world[1:]), setting


def test_every_method_is_judged_and_divergence_is_bounded(tiny):
    rows = {row["method"]: row for row in judged(*tiny, seed=0)}
    assert rows.keys() == PLAIN | GRAPHS | CLUSTERS
    for name, row in rows.items():
        assert 0 < row["loss"] <= WORST, name
        if "inner_lr" in row:
            assert row["inner_lr"] < 1e8  # what diverges is not chosen
    assert rows["graph: Fisher"]["new pairs"] <= 1


def test_the_saved_table_is_complete():
    saved = pd.read_csv(SAVED_TASK_GRAPH)
    expected = {
        "sinusoids, two clusters": PLAIN | GRAPHS | CLUSTERS,
        "sinusoids, one cluster": PLAIN | GRAPHS,
        "intents, any negatives": PLAIN | GRAPHS | CLUSTERS | {"class means"},
        "intents, half siblings": PLAIN | GRAPHS | CLUSTERS | {"class means"},
    }
    assert set(saved.world) == set(expected)
    for world, methods in expected.items():
        for _, own in saved[saved.world == world].groupby("seed"):
            assert set(own.method) == methods
            assert not own.method.duplicated().any()
    assert set(saved.seed) == set(range(5))
    number = "loss" if saved.accuracy.isna().all() else "accuracy"
    assert saved[number].dropna().between(0, 100).all()


def test_means_and_seeds_are_read_from_a_table():
    table = pd.DataFrame(
        [
            {"world": world, "seed": seed, "method": method, "loss": loss + seed}
            for world, method, loss in (("a", "x", 1.0), ("a", "y", 3.0), ("b", "x", 5.0))
            for seed in (0, 1)
        ]
    )
    means = means_over_seeds(table, "loss")
    half = 12.706 * math.sqrt(0.5) / math.sqrt(2)
    assert means.loc["x", "a"] == f"1.50 ± {half:.2f}"
    assert means.loc["y", "b"] == ""
    assert by_seed(table, "a", "loss").loc["y"].tolist() == [3.0, 4.0]


def test_random_neighbours_are_as_many():
    chosen = torch.tensor([[True, False, False, True], [True, True, True, False]])
    drawn = task_graph._shuffled(chosen, torch.Generator().manual_seed(0))
    assert drawn.sum(1).tolist() == [2, 3]
