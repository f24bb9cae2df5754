"""Neighbours, warm starts, the count of pairs and the graph, each against a small case by hand."""

import math

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.task_graph import (
    MEASURES,
    KnownTasks,
    graph_of,
    halves,
    neighbours,
    pair_auc,
    same_start,
    trained_apart,
    warm_start,
)
from metalearn_lab.experiments.task_similarity import task2vec_distance
from metalearn_lab.experiments.task_worlds import sinusoid_tasks
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.types import Split, merge_splits, select_tasks


@pytest.fixture(scope="module")
def known():
    past, _ = sinusoid_tasks(6, 4, 4, apart=math.pi, split="past", seed=0)
    learner = MAML(MLP([1, 8, 1], seed=0), F.mse_loss, inner_lr=0.01, inner_steps=2)
    return KnownTasks(learner, past, steps=5)


def test_the_nearest_is_a_neighbour_and_all_within_the_threshold():
    distances = torch.tensor([[0.2, 0.5, 0.9], [0.7, 0.6, 0.8]])
    assert neighbours(distances, 0.5).tolist() == [[True, True, False], [False, True, False]]
    assert neighbours(distances, 0.0).sum(1).tolist() == [1, 1]
    assert neighbours(distances, 1.0).all()


def test_a_warm_start_is_the_mean_of_the_neighbours_or_the_start():
    known = {"w": torch.tensor([[1.0, 0.0], [3.0, 2.0], [100.0, 100.0]])}
    chosen = torch.tensor([[True, True, False], [False, False, False], [False, False, True]])
    started = warm_start({"w": torch.tensor([7.0, 8.0])}, known, chosen)["w"]
    assert started.tolist() == [[2.0, 1.0], [7.0, 8.0], [100.0, 100.0]]


def test_the_count_of_pairs_is_that_of_a_double_loop():
    numbers = torch.Generator().manual_seed(0)
    distances = torch.randint(0, 5, (5, 4), generator=numbers).float()
    rows, columns = torch.tensor([0, 0, 1, 1, 2]), torch.tensor([0, 1, 1, 2])
    inside = [
        d
        for d, s in zip(distances.flatten(), (rows[:, None] == columns).flatten(), strict=True)
        if s
    ]
    across = [
        d
        for d, s in zip(distances.flatten(), (rows[:, None] == columns).flatten(), strict=True)
        if not s
    ]
    wins = [float(a < b) + 0.5 * float(a == b) for a in inside for b in across]
    assert pair_auc(distances, rows, columns) == pytest.approx(sum(wins) / len(wins))
    assert math.isnan(pair_auc(distances, rows * 0, columns * 0))


def test_a_pair_that_is_no_number_is_left_out():
    distances = torch.tensor([[math.nan, 1.0], [1.0, math.nan]])
    assert math.isnan(pair_auc(distances, torch.tensor([0, 0]), torch.tensor([0, 0])))
    distances = torch.tensor([[math.nan, 1.0, 2.0], [1.0, math.nan, 3.0]])
    assert pair_auc(distances, torch.tensor([0, 0]), torch.tensor([0, 0, 1])) == 1


def test_a_graph_joins_pairs_by_the_mean_of_both_distances():
    distances = torch.tensor([[0.0, 1.0, 9.0], [3.0, 0.0, 1.0], [9.0, 2.0, 0.0]])
    graph = graph_of(distances, 2.0, "abc")
    assert sorted(graph.nodes) == ["a", "b", "c"]
    assert {frozenset(edge) for edge in graph.edges} == {frozenset("ab"), frozenset("bc")}
    assert graph["a"]["b"]["distance"] == 2.0


def test_tasks_trained_together_are_those_trained_apart(known):
    items = merge_splits(known.past).support
    own = Split(items.x[2:3], items.y[2:3])
    alone = trained_apart(known.learner, own, steps=5, lr=0.01)
    for name, weight in alone.items():
        assert torch.allclose(weight[0], known.weights[name][2], atol=1e-6)
    from_there = trained_apart(known.learner, own, steps=0, lr=0.01, starts=alone)
    assert all(torch.equal(from_there[name], weight) for name, weight in alone.items())


def test_each_measure_gives_a_distance_of_every_new_task_from_every_past_one(known):
    new, _ = sinusoid_tasks(3, 4, 5, apart=math.pi, split="new", seed=1)
    for measure in MEASURES:
        distances = known.distances(measure, new.support)
        assert distances.shape == (3, 6)
        assert distances.isfinite().all()
    for measure in MEASURES[:3]:
        own = known.distances(measure, known.all)
        assert own.diagonal().abs().max() < 1e-5
        assert torch.allclose(own, own.T, atol=1e-5)


def test_fisher_cannot_see_a_sign(known):
    x, y = known.all
    own, turned = (known.vectors("Fisher", Split(x, sign * y)) for sign in (1, -1))
    body = own.shape[1] - 9  # without the head, whose Fisher is that of its inputs
    assert task2vec_distance(own, turned).abs().max() < 1e-5
    assert (own[:, :body] > 0).any()


def test_halves_share_no_item():
    new, _ = sinusoid_tasks(2, 6, 5, apart=0.0, split="new", seed=0)
    support, query = halves(new.support)
    assert support.x.shape == query.x.shape == (2, 3, 1)
    both = torch.cat([support.x, query.x], 1).sort(1).values
    assert torch.equal(both, new.support.x.sort(1).values)


def test_a_copy_on_the_cpu_gives_the_same_distances(known):
    new, _ = sinusoid_tasks(2, 4, 5, apart=math.pi, split="new", seed=1)
    copy = known.on_cpu()
    assert copy.learner is not known.learner
    for measure in MEASURES:
        given, expected = (each.distances(measure, new.support) for each in (copy, known))
        assert torch.equal(given, expected)


def test_one_start_for_all_is_a_view():
    start = {"w": torch.ones(2, requires_grad=True)}
    many = same_start(start, 3)["w"]
    assert many.shape == (3, 2)
    assert not many.requires_grad


def test_curves_of_two_clusters_are_each_other_upside_down():
    far, clusters = sinusoid_tasks(4, 3, 5, apart=math.pi, split="a", seed=0)
    near, one = sinusoid_tasks(4, 3, 5, apart=0.0, split="a", seed=0)
    sign = 1 - 2 * clusters[:, None, None]
    assert torch.allclose(far.query.y, sign * near.query.y, atol=1e-4)
    assert clusters.tolist() == [0, 1, 0, 1]
    assert not one.any()
    first = select_tasks(far, slice(0, 1))
    assert first.support.y.abs().max() <= 5
