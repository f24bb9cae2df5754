"""Quadratics, sinusoids, and the tuples that hold any task."""

import math

import pytest
import torch

from metalearn_lab.tasks.devices import choose_device
from metalearn_lab.tasks.quadratics import (
    Weight,
    half_squared_error,
    quadratic_tasks,
    stationary_point,
)
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, merge_splits, stack_tasks, to_device


def test_a_quadratic_task_has_the_loss_it_says():
    tasks = quadratic_tasks([2.0, 5.0], [1.0, -3.0])
    for i, (a, c) in enumerate([(2.0, 1.0), (5.0, -3.0)]):
        loss = half_squared_error(Weight(0.7)(tasks.support.x[i]), tasks.support.y[i])
        assert loss.item() == pytest.approx(a / 2 * (0.7 - c) ** 2, rel=1e-6)


def test_sinusoids_have_the_papers_ranges():
    family = Sinusoids(shots=5, queries=5)
    tasks, (amplitude, phase) = family.batch(0, 2000), family.curves(0, 2000)
    assert 0.1 <= amplitude.min() < 0.15 < 4.95 < amplitude.max() <= 5
    assert 0 <= phase.min() < 0.05 < 3.1 < phase.max() <= math.pi
    assert -5 <= tasks.support.x.min() < -4.99 < 4.99 < tasks.query.x.max() <= 5
    expected = amplitude[:, None, None] * torch.sin(tasks.query.x - phase[:, None, None])
    assert torch.allclose(tasks.query.y, expected)


def test_a_sinusoid_is_the_same_in_any_batch_and_differs_by_split_and_seed():
    family = Sinusoids()
    whole, part = family.batch(0, 6), family.batch(4, 2)
    assert all(
        torch.equal(w[4:], p)
        for ws, ps in zip(whole, part, strict=True)
        for w, p in zip(ws, ps, strict=True)
    )
    for other in (Sinusoids(split="test"), Sinusoids(seed=1)):
        assert not torch.equal(other.batch(0, 1).support.x, whole.support.x[:1])


def test_addresses_do_not_collide():
    """1 and "1", and ("a", "b") and ("ab",), are different addresses."""
    addresses = [(1,), ("1",), (1, 2), (12,), ("a", "b"), ("ab",), ("b", "a"), (-1,)]
    first = {torch.rand(1, generator=generator(*address)).item() for address in addresses}
    assert len(first) == len(addresses)


def test_stacking_gives_a_batch_and_merging_puts_everything_on_both_sides():
    one = Task(*(Split(s.x[0], s.y[0]) for s in Sinusoids(shots=2, queries=3).batch(0, 1)))
    batch = stack_tasks([one, one])
    assert batch.query.x.shape == (2, 3, 1)
    merged = merge_splits(batch)
    assert torch.equal(merged.support.y, torch.cat([batch.support.y, batch.query.y], 1))
    assert torch.equal(merged.support.x, merged.query.x)
    labels = Split(torch.zeros(4, 2), torch.arange(4))
    assert merge_splits(Task(labels, labels)).support.y.tolist() == [0, 1, 2, 3] * 2
    assert to_device(batch, "cpu").support.x.device.type == "cpu"


def test_any_kind_of_integer_is_the_same_address():
    import numpy as np

    numbers = [torch.rand(1, generator=generator(seed)).item() for seed in (3, np.int64(3))]
    assert numbers[0] == numbers[1]
    with pytest.raises(TypeError):
        generator(3.0)


def test_targets_without_an_output_axis_are_refused():
    split = Split(torch.zeros(5, 1), torch.zeros(5))
    with pytest.raises(ValueError, match=r"give regression targets as \[items, outputs\]"):
        merge_splits(Task(split, split))


def _task(items: int) -> Task:
    split = Split(torch.zeros(items, 1), torch.zeros(items, 1))
    return Task(split, split)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stack_tasks([]), "no tasks to stack"),
        (lambda: stack_tasks([_task(2), _task(3)]), "different shapes .* found 2 kinds"),
        (lambda: Sinusoids(shots=0), "shots and queries must be 1 or more, got 0 and 10"),
        (lambda: Sinusoids(queries=0), "shots and queries must be 1 or more, got 10 and 0"),
        (lambda: Sinusoids().batch(-1, 2), "numbered from 0 .* first=-1"),
        (lambda: Sinusoids().batch(0, 0), "at least one at a time, .* count=0"),
        (lambda: quadratic_tasks([1.0], []), "got 1 curvatures and 0 centres"),
        (
            lambda: quadratic_tasks([1.0, -2.0], [0.0, 0.0]),
            "curvatures must be positive and centres finite, got -2",
        ),
        (
            lambda: stationary_point("anil", [1.0], [0.0], inner_lr=0.1, inner_steps=1),
            "unknown algorithm 'anil': use one of joint, maml",
        ),
        (
            lambda: stationary_point("maml", [2.0], [0.0], inner_lr=0.5, inner_steps=1),
            "weights of the centres sum to zero",
        ),
        (lambda: choose_device("gpu"), "unknown device 'gpu': use 'auto', or one of cpu"),
        (lambda: choose_device("cuda:99"), "no device 'cuda:99' here: use 'auto'"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_auto_takes_what_is_there():
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == torch.device("cpu")
