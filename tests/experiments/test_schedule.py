"""Turns, their path on two bowls in closed form, and a training that follows them."""

import pytest
import torch

from metalearn_lab.experiments.schedule import (
    Labelled,
    bowl_path,
    in_turns,
    train_by_schedule,
)

CENTRES = torch.tensor([[-1.0, 2.0], [3.0, 0.5]]).double()


def test_turns():
    assert in_turns(8, 1) == [0, 1] * 4
    assert in_turns(8, 2) == [0, 0, 1, 1] * 2
    assert in_turns(8, 4) == [0] * 4 + [1] * 4
    for block in (0, 3):
        with pytest.raises(ValueError, match="two blocks must divide"):
            in_turns(8, block)


def test_one_after_the_other_in_closed_form():
    path = bowl_path(in_turns(60, 30), CENTRES, 0.1)
    left = 0.9**30
    start, end = CENTRES * (1 - left), None
    assert torch.allclose(path[30], start[0])
    end = CENTRES[1] + left * (path[30] - CENTRES[1])
    assert torch.allclose(path[60], end)


def test_short_turns_with_a_small_rate_settle_in_the_middle():
    path = bowl_path(in_turns(20_000, 1), CENTRES, 1e-3)
    assert torch.allclose(path[-1], CENTRES.mean(0), atol=2e-3)


def test_what_is_trained_is_learned_and_the_rest_is_not():
    numbers = torch.Generator().manual_seed(0)
    data = []
    for offset in (1, 40):
        y = torch.randint(3, (600,), generator=numbers)
        x = offset + 10 * y[:, None] + torch.randint(10, (600, 6), generator=numbers)
        data.append(Labelled(x[:400], y[:400], x[400:], y[400:]))
    curves = train_by_schedule(in_turns(80, 40), data, every=20, lr=0.02)
    assert curves.steps == [0, 20, 40, 60, 80]
    assert curves.accuracy.shape == (5, 2)
    assert curves.accuracy[2, 0] > 0.95
    assert curves.accuracy[2, 1] < 0.6
    assert curves.accuracy[-1, 1] > 0.95
