"""Users as tasks: what is apart stays apart, and the features know no new item."""

import pytest
import torch

from metalearn_lab.tasks.ratings import (
    NEW,
    QUERIES,
    SUPPORT,
    principal_components,
    world_of_tastes,
)
from tests.experiments.small_ratings import small_world


def test_a_user_rates_no_item_twice_and_query_is_not_in_the_support():
    world = small_world()
    for users in (world.train, world.validation, world.test):
        for items in users.items:
            assert len(set(items.tolist())) == len(items)
    assert world.test.items.shape[1] == SUPPORT + QUERIES + NEW


def test_new_items_have_no_training_rating_and_stand_last():
    world = small_world()
    known = set(world.train.items.flatten().tolist())
    for users in (world.validation, world.test):
        assert set(users.items[:, : SUPPORT + QUERIES].flatten().tolist()) <= known
        assert not set(users.items[:, SUPPORT + QUERIES :].flatten().tolist()) & known


def test_new_items_do_not_move_the_features_of_the_known():
    names = [str(i) for i in range(60)]
    vectors, tastes = torch.randn(60, 8), torch.randn(2, 8)
    first = world_of_tastes(names, vectors, tastes, 3, dim=5, users=(20, 5, 5))
    new = sorted(set(range(60)) - set(first.train.items.flatten().tolist()))
    moved = vectors.clone()
    moved[new] += 100 * torch.rand(len(new), 8)
    second = world_of_tastes(names, moved, tastes, 3, dim=5, users=(20, 5, 5))
    known = first.train.items.unique()
    torch.testing.assert_close(first.features[known], second.features[known])
    assert torch.equal(first.train.values, second.train.values)


@pytest.mark.parametrize(("feedback", "values"), [("ratings", range(1, 6)), ("clicks", (0, 1))])
def test_values_are_ratings_or_clicks(feedback, values):
    world = small_world(feedback=feedback)
    assert set(world.train.values.unique().tolist()) <= set(map(float, values))
    assert world.clicks == (feedback == "clicks")


def test_the_seed_decides():
    assert torch.equal(small_world(1).test.values, small_world(1).test.values)
    assert not torch.equal(small_world(1).test.items, small_world(2).test.items)


def test_components_are_those_of_largest_variance():
    vectors = torch.randn(50, 4, dtype=torch.float64) * torch.tensor([9.0, 0.1, 4.0, 1.0])
    reduced = principal_components(vectors, vectors, 2)
    covariance = torch.cov(reduced.T)
    assert covariance.diagonal().mean().item() == pytest.approx(1)
    assert abs(covariance[0, 1].item()) < 1e-9
    largest = torch.linalg.eigvalsh(torch.cov(vectors.T)).flip(0)[:2]
    torch.testing.assert_close(covariance.diagonal(), 2 * largest / largest.sum())


def test_bad_input_is_refused():
    vectors = torch.randn(60, 8)
    names = [str(i) for i in range(60)]
    with pytest.raises(ValueError, match="too few"):
        world_of_tastes(names[:40], vectors[:40], vectors[:2], 0, dim=4)
    with pytest.raises(ValueError, match="unknown feedback"):
        world_of_tastes(names, vectors, vectors[:2], 0, feedback="likes")
    with pytest.raises(ValueError, match="a user or more"):
        world_of_tastes(names, vectors, vectors[:2], 0, users=(5, 0, 5))
    with pytest.raises(ValueError, match="no 9 components"):
        principal_components(vectors, vectors, 9)
