"""Lines by their numbers, and the moments of their prior."""

import pytest
import torch

from metalearn_lab.tasks.lines import WIDEST, Lines


def test_a_line_is_the_same_in_any_batch():
    family = Lines(shots=3, queries=2)
    whole = family.batch(1020, 8)
    for i in range(8):
        alone = family.batch(1020 + i, 1)
        for split, part in zip(whole, alone, strict=True):
            assert torch.equal(split.x[i], part.x[0])
            assert torch.equal(split.y[i], part.y[0])


def test_more_points_change_none_before_them():
    few, more = Lines(shots=3, queries=1).batch(0, 5), Lines(shots=9, queries=4).batch(0, 5)
    assert torch.equal(few.support.y, more.support.y[:, :3])


def test_points_are_those_of_the_prior():
    task = Lines(shots=2, queries=1).batch(0, 20_000)
    x, y = task.support
    assert x.abs().max() <= WIDEST
    # E[y²] = 1 + x² + σ², and two points of one line share 1 + x x'.
    gap = y[:, 0] ** 2 - (1 + x[:, 0] ** 2 + 0.09)
    assert abs(gap.mean()) < 0.1
    shared = y[:, 0] * y[:, 1] - (1 + x[:, 0] * x[:, 1])
    assert abs(shared.mean()) < 0.1


def test_other_inputs_may_be_asked_about():
    usual, far = Lines(shots=3, queries=9).batch(0, 50), Lines(3, 9, asked=(2, 6)).batch(0, 50)
    assert torch.equal(usual.support.y, far.support.y)
    assert far.query.x.min() >= 2
    assert 5.5 < far.query.x.max() <= 6


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"shots": 0}, "1 or more"),
        ({"noise": 0.0}, "positive"),
        ({"noise": float("nan")}, "positive"),
    ],
)
def test_bad_settings_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        Lines(**settings)


def test_no_tasks_are_refused():
    with pytest.raises(ValueError, match="numbered from 0"):
        Lines().batch(-1, 2)
