"""The closed forms of the time of a sharded step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.experiments.sharding_time import Network, ShardingTime

FREE = Network(0.0, 0.0)
times = st.floats(0.01, 100)


def test_on_one_rank_nothing_is_sent():
    assert Network(5.0, 1.0).all_reduce(1, 1e6) == 0


def test_two_ranks_send_two_messages_of_half_the_gradient():
    assert Network(5.0, 0.25).all_reduce(2, 8) == 2 * (5 + 0.25 * 4)


def test_a_network_is_found_from_a_short_and_a_long_gradient():
    made = Network(0.25, 2e-6)
    times = {numbers: made.all_reduce(2, numbers) for numbers in (10**7, 1000)}
    assert Network.of_two_ranks(times) == pytest.approx(made)


def test_without_a_fixed_part_and_a_network_the_speed_up_is_the_number_of_ranks():
    step = ShardingTime(64, 2.0, 0.0, 1000, FREE)
    assert [step.speed_up(p) for p in (1, 2, 64)] == [1, 2, 64]
    assert step.ceiling == step.best_ranks == float("inf")


@given(times, times, st.integers(1, 4096))
def test_no_number_of_ranks_passes_amdahls_ceiling(work, fixed, ranks):
    step = ShardingTime(32, work, fixed, 1000, FREE)
    assert step.speed_up(ranks) <= step.ceiling
    assert step.ceiling == pytest.approx(1 + 32 * work / fixed)


def test_it_tends_to_amdahls_ceiling():
    step = ShardingTime(32, 1.0, 4.0, 1000, FREE)
    assert step.speed_up(10**9) == pytest.approx(9.0)


@given(times, times, st.floats(0.01, 10), st.floats(0, 1e-4))
def test_the_best_number_of_ranks_is_where_the_time_is_least(work, fixed, latency, per_number):
    step = ShardingTime(256, work, fixed, 10_000, Network(latency, per_number))
    least = min(range(1, 3000), key=step.milliseconds)
    assert abs(min(step.best_ranks, 2999) - least) <= 1


def test_a_gradient_that_costs_more_than_the_tasks_stays_at_home():
    step = ShardingTime(4, 1.0, 1.0, 1e6, Network(0.0, 1e-3))
    assert step.best_ranks == 1
    assert step.speed_up(2) < 1
