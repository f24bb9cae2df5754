"""Linear tasks are y = w·x, addressable, and small pools stand in large ones."""

import pytest
import torch

from metalearn_lab.tasks.linear_tasks import LinearTasks
from metalearn_lab.tasks.types import Split


def slopes(tasks):
    """The w of every task, by least squares on points without noise, ``[tasks, d]``."""
    return torch.linalg.lstsq(tasks.query.x, tasks.query.y).solution[..., 0]


def test_a_task_is_one_w_on_both_sides():
    tasks = LinearTasks(shots=5, queries=6, dim=3).batch(7, 20)
    assert tasks.support.x.shape == (20, 5, 3)
    assert tasks.query.y.shape == (20, 6, 1)
    w = slopes(tasks)
    assert torch.allclose(tasks.support.x @ w[..., None], tasks.support.y, atol=1e-4)


def test_a_task_is_the_same_in_any_batch_and_its_tensors_are_the_callers():
    family = LinearTasks(noise=0.5)
    whole, part = family.batch(1020, 10), family.batch(1025, 2)
    assert torch.equal(whole.support.y[5:7], part.support.y)
    part.support.y.zero_()
    assert torch.equal(family.batch(1025, 2).support.y, whole.support.y[5:7])
    for other in (LinearTasks(noise=0.5, split="test"), LinearTasks(noise=0.5, seed=1)):
        assert not torch.equal(other.batch(0, 1).query.x, family.batch(0, 1).query.x)


def test_the_noise_is_on_the_support_alone():
    quiet, noisy = (LinearTasks(noise=noise).batch(0, 1000) for noise in (0.0, 0.5))
    assert torch.equal(quiet.query.y, noisy.query.y)
    assert (noisy.support.y - quiet.support.y).std().item() == pytest.approx(0.5, rel=0.05)


def test_a_pool_has_its_weights_and_a_small_one_stands_in_a_large_one():
    small, large = (LinearTasks(pool=m, queries=4) for m in (3, 50))
    assert torch.equal(large.pool_weights()[:3], small.pool_weights())
    from_small = slopes(small.batch(0, 100))
    assert torch.cdist(from_small, small.pool_weights()).min(1).values.max() < 1e-4
    prior = slopes(LinearTasks().batch(0, 1000))
    assert prior.std().item() == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shots": 0}, "must be 1 or more"),
        ({"pool": -1}, "pool 0 to 4096"),
        ({"noise": float("nan")}, "noise must be 0 or a positive number"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LinearTasks(**settings)


def test_bad_indices_and_a_pool_that_is_not_there_are_refused():
    with pytest.raises(ValueError, match="numbered from 0"):
        LinearTasks().batch(-1, 2)
    with pytest.raises(ValueError, match="there is no pool"):
        LinearTasks().pool_weights()
    assert isinstance(LinearTasks().batch(0, 1).support, Split)
