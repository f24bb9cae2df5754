"""A sinusoid task has one address, whatever else was asked for before, beside or after it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Task

FAMILY = Sinusoids(shots=2, queries=3)
INDICES = some.integers(0, 20_000)


def parts(tasks: Task) -> list[torch.Tensor]:
    return [part for split in tasks for part in split]


def assert_same(found: Task, expected: Task) -> None:
    assert all(torch.equal(a, b) for a, b in zip(parts(found), parts(expected), strict=True))


@given(INDICES, some.integers(1, 3000), some.data())
def test_a_task_is_the_same_in_any_batch(first, count, data):
    index = data.draw(some.integers(0, count - 1))
    batch, alone = FAMILY.batch(first, count), FAMILY.batch(first + index, 1)
    assert all(
        torch.equal(many[index : index + 1], one)
        for many, one in zip(parts(batch), parts(alone), strict=True)
    )
    assert all(part.shape[0] == count and part.is_contiguous() for part in parts(batch))


@given(some.permutations([0, 1000, 3000, 5000, 9000, 15_000, 19_000]))
def test_the_order_of_asking_changes_nothing(order):
    alike = {first: Sinusoids(seed=8).batch(first, 30) for first in sorted(order)}
    for first in order:
        assert_same(Sinusoids(seed=8).batch(first, 30), alike[first])


@given(INDICES, some.integers(1, 40))
def test_curves_belong_to_the_tasks(first, count):
    (amplitude, phase), tasks = FAMILY.curves(first, count), FAMILY.batch(first, count)
    for split in tasks:
        expected = amplitude[:, None, None] * torch.sin(split.x - phase[:, None, None])
        assert torch.allclose(split.y, expected, atol=1e-6)


def test_more_items_change_no_curve_and_no_item_before_them():
    few, many = Sinusoids(shots=2, queries=3), Sinusoids(shots=2, queries=90)
    assert torch.equal(few.curves(0, 50)[0], many.curves(0, 50)[0])
    assert torch.equal(few.batch(0, 50).support.y, many.batch(0, 50).support.y)
    assert torch.equal(few.batch(0, 50).query.x, many.batch(0, 50).query.x[:, :3])


@pytest.mark.parametrize("name", ["batch", "curves"])
def test_a_caller_may_write_into_what_it_was_given(name):
    def asked():
        answer = getattr(FAMILY, name)(0, 4)
        return parts(answer) if name == "batch" else list(answer)

    expected = [part.clone() for part in asked()]
    for part in asked():
        part.fill_(7.0)
    assert all(torch.equal(a, b) for a, b in zip(asked(), expected, strict=True))


def test_no_two_tasks_of_a_long_run_are_alike():
    """Blocks have addresses of their own."""
    amplitude, phase = FAMILY.curves(0, 5000)
    assert len({*zip(amplitude.tolist(), phase.tolist(), strict=True)}) == 5000


def test_tasks_are_of_the_default_type_of_the_moment():
    single = FAMILY.batch(0, 3)
    torch.set_default_dtype(torch.float64)
    try:
        double = FAMILY.batch(0, 3)
    finally:
        torch.set_default_dtype(torch.float32)
    assert {part.dtype for part in parts(double)} == {torch.float64}
    assert_same(FAMILY.batch(0, 3), single)


def test_addresses_are_for_good():
    """Results printed from these tasks go on to be true."""
    amplitude, phase = FAMILY.curves(5000, 1)
    assert amplitude.item() == pytest.approx(2.6964, abs=1e-4)
    assert phase.item() == pytest.approx(0.8776, abs=1e-4)
    x = FAMILY.batch(5000, 1).query.x[0, :, 0].tolist()
    assert x == pytest.approx([2.3030, -3.3234, -2.0868], abs=1e-4)
