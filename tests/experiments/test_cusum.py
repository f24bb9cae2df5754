"""The alarm: its delay in closed form, and its run length against a count of all streams."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.experiments.cusum import alarms, cumulative_sums, first_alarm, mean_run_length

CHANCES = {-4: 0.35, 0: 0.4, 4: 0.25}


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 39))
def test_a_constant_shift_is_seen_after_bar_over_its_excess(shift, bar, allowance):
    """The delay is ⌈h/(δ − k)⌉, or the alarm never comes."""
    found = first_alarm(cumulative_sums([shift] * 100, allowance), bar)
    if shift <= allowance:
        assert found is None
    else:
        delay = math.ceil(bar / (shift - allowance))
        assert found == (delay if delay <= 100 else None)


def test_the_example_of_the_chapter():
    assert first_alarm(cumulative_sums([1.5] * 9, 0.5), 4) == 4
    assert cumulative_sums([1, -3, 2, 2], 0.5) == [0.5, 0.0, 1.5, 3.0]
    assert alarms([2, 2, 2, 2, 2], 0.5, 3) == [2, 4]


def test_the_run_length_is_the_sum_of_all_streams_that_have_not_alarmed():
    """E[N] = Σ_n P(N > n), each by a list of all streams of n values; the rest is bounded."""
    bar, allowance = 6, 1
    chances = {-4: 0.1, 0: 0.1, 4: 0.8}
    total, survival = 0.0, 1.0
    for n in range(9):
        survival = sum(
            math.prod(chances[v] for v in stream)
            for stream in product(chances, repeat=n)
            if first_alarm(cumulative_sums(stream, allowance), bar) is None
        )
        total += survival
    exact = mean_run_length(chances, allowance, bar)
    assert total < exact < total + survival * 5
    assert exact == pytest.approx(total, rel=0.02)


def test_run_lengths_that_can_be_had_by_hand():
    # An alarm at the first 4: geometric.
    assert mean_run_length(CHANCES, 0, 4) == pytest.approx(1 / 0.25)
    # Two in a row, nothing falls back: 2 / p.
    assert mean_run_length({0: 0.5, 4: 0.5}, 0, 8) == pytest.approx(4)
    assert mean_run_length({-4: 0.5, 0: 0.5}, 0, 4) == math.inf
    assert mean_run_length({-4: 0.5, 4: 0.5}, 4, 4) == math.inf


def test_a_higher_bar_is_never_reached_sooner():
    lengths = [mean_run_length(CHANCES, 1, bar) for bar in range(1, 30)]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize(("chances", "bar"), [({0: 0.5}, 4), ({0: 1.5, 4: -0.5}, 4), ({0: 1.0}, 0)])
def test_what_is_no_chance_is_refused(chances, bar):
    with pytest.raises(ValueError, match="chances that sum to 1"):
        mean_run_length(chances, 0, bar)
