"""Fewer shots of the same episodes."""

import pytest
import torch

from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.types import first_shots

WAYS, SHOTS = 3, 4


@pytest.fixture(scope="module")
def sampler():
    labels = torch.arange(5).repeat_interleave(12)
    return EpisodeSampler(torch.arange(60), labels, ways=WAYS, shots=SHOTS, queries=2)


@pytest.mark.parametrize("shots", [1, 2, SHOTS])
def test_each_class_keeps_its_first_items_and_the_queries_stay(sampler, shots):
    tasks = sampler.batch(0, 6)
    fewer = first_shots(tasks, WAYS, shots)
    assert fewer.query is tasks.query
    for i in range(6):
        for label in range(WAYS):
            whole = tasks.support.x[i][tasks.support.y[i] == label]
            kept = fewer.support.x[i][fewer.support.y[i] == label]
            assert kept.tolist() == whole[:shots].tolist()


def test_one_task_is_as_one_of_a_batch(sampler):
    alone = first_shots(sampler.episode(2).task, WAYS, 2)
    batch = first_shots(sampler.batch(0, 3), WAYS, 2)
    assert torch.equal(alone.support.x, batch.support.x[2])
    assert torch.equal(alone.support.y, batch.support.y[2])


@pytest.mark.parametrize("shots", [0, 5])
def test_shots_out_of_range_are_refused(sampler, shots):
    with pytest.raises(ValueError, match=f"have 1 to 4 shots to take, got {shots}"):
        first_shots(sampler.batch(0, 1), WAYS, shots)


def test_other_ways_are_refused(sampler):
    with pytest.raises(ValueError, match="12 support items are not 5 of each shot"):
        first_shots(sampler.batch(0, 1), 5, 1)
