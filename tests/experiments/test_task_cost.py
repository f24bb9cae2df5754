"""The model's closed forms, and a fit that finds what it was made from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.experiments.task_cost import TaskCost, fit_task_cost

COST = TaskCost(overhead=20.0, work=0.25)
positive = st.floats(0.01, 100)


def test_one_task_is_as_long_either_way():
    assert COST.together(1) == 20.25
    assert COST.speed_up(1) == 1


def test_the_speed_up_is_half_of_1_plus_o_over_w_at_o_over_w():
    assert COST.half_way == 80
    assert COST.speed_up(80) == pytest.approx(81 / 2)
    assert COST.speed_up(10**9) == pytest.approx(81, rel=1e-6)


@given(positive, positive)
def test_the_fit_finds_the_overhead_and_the_work(overhead, work):
    made = TaskCost(overhead, work)
    found = fit_task_cost({tasks: made.together(tasks) for tasks in (1, 8, 64, 512)})
    assert found == pytest.approx(made, rel=1e-6)


def test_the_fit_weighs_relative_errors():
    """Ten per cent more at 1,000 tasks moves w by about that, and o hardly."""
    times = {1: 20.25, 1000: 1.1 * COST.together(1000)}
    found = fit_task_cost({**times, 10: COST.together(10)})
    assert found.overhead == pytest.approx(20, rel=0.02)
    assert found.work == pytest.approx(1.1 * COST.together(1000) / 1000 - 0.02, rel=0.05)


def test_times_that_fall_with_the_tasks_give_no_negative_work():
    found = fit_task_cost({1: 2.0, 100: 1.0})
    assert found.work == 0
    assert found.overhead > 0
    assert found.half_way == float("inf")


@pytest.mark.parametrize("times", [{}, {4: 1.0}, {1: 1.0, 2: 0.0}])
def test_too_little_to_fit_is_refused(times):
    with pytest.raises(ValueError, match="two numbers of tasks"):
        fit_task_cost(times)
