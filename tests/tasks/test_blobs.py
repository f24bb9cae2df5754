"""Clouds of points: sizes, labels in blocks, other classes at other addresses."""

import pytest
import torch

from metalearn_lab.tasks.blobs import blob_episodes


def test_an_episode_has_its_classes_in_blocks():
    task = blob_episodes("a", 3, ways=4, shots=2, queries=5, features=6)
    assert task.support.x.shape == (3, 8, 6)
    assert task.query.x.shape == (3, 20, 6)
    assert task.support.y[1].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert task.query.y[2].reshape(4, 5).unique(dim=1).flatten().tolist() == [0, 1, 2, 3]


def test_points_lie_around_their_class_and_no_point_is_on_both_sides():
    task = blob_episodes(0, 2, shots=400, queries=400)
    centres = [side.x.unflatten(1, (5, 400)).mean(2) for side in task]
    assert (centres[0] - centres[1]).abs().max() < 0.4
    assert task.query.x.unflatten(1, (5, 400)).std(2).mean() == pytest.approx(1, abs=0.05)
    assert centres[1].std(1).mean() == pytest.approx(0.7, abs=0.1), "a class has its own centre"
    assert (centres[1][0] - centres[1][1]).abs().mean() > 0.4, "in every episode anew"
    pairs = torch.cdist(*(side.x[:, :50] for side in task))
    assert pairs.min() > 0


def test_the_address_and_the_seed_say_which():
    first = blob_episodes(1, 2).support.x
    assert torch.equal(first, blob_episodes(1, 2).support.x)
    assert not torch.equal(first, blob_episodes(2, 2).support.x)
    assert not torch.equal(first, blob_episodes(1, 2, seed=1).support.x)


@pytest.mark.parametrize("size", ["count", "ways", "shots", "queries", "features"])
def test_a_size_below_one_is_refused(size):
    with pytest.raises(ValueError, match="1 or more"):
        blob_episodes(0, **{"count": 2, size: 0})
