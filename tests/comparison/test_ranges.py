"""Trials: the same ones every time, all over the range, each setting in an order of its own."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.comparison.ranges import LogUniform, OneOf, draw_trials


class Share:
    """A range of shares: what is drawn is where it was drawn."""

    def at(self, share):
        return share


def test_a_log_uniform_number_is_as_likely_in_every_decade():
    numbers = LogUniform(0.01, 100)
    assert [numbers.at(share) for share in (0, 0.25, 0.5, 0.75)] == [0.01, 0.1, 1, 10]
    assert numbers.at(1 - 1e-12) == 100
    assert LogUniform(1, 2).at(0.5) == 1.41  # √2, to three digits


@pytest.mark.parametrize(
    "ends", [(0, 1), (-1, 1), (2, 1), (1, 1), (1, math.inf), (math.nan, 1), (1, math.nan)]
)
def test_ends_that_are_no_range_are_refused(ends):
    with pytest.raises(ValueError, match="a log-uniform range needs 0 < low < high, got LogUni"):
        LogUniform(*ends)


def test_each_value_of_a_choice_has_an_equal_share():
    letters = OneOf(("a", "b", "c", "d"))
    drawn = "".join(letters.at(share / 100) for share in range(100))
    assert drawn == 25 * "a" + 25 * "b" + 25 * "c" + 25 * "d"


@pytest.mark.parametrize("values", [(), ("a",)])
def test_a_choice_of_less_than_two_is_refused(values):
    with pytest.raises(ValueError, match="a choice needs two values or more, got "):
        OneOf(values)


@given(count=st.integers(1, 40), name=st.text(max_size=5))
def test_every_equal_share_of_a_range_gets_one_trial(count, name):
    trials = draw_trials({"one": Share(), "other": Share()}, count, name)
    assert len(trials) == count
    for setting in ("one", "other"):
        assert sorted(int(trial[setting] * count) for trial in trials) == list(range(count))


def test_within_its_share_a_trial_is_anywhere():
    places = [
        8 * t["one"] % 1 for n in range(200) for t in draw_trials({"one": Share()}, 8, str(n))
    ]
    drawn = torch.tensor(places)
    # 1,600 uniform draws: the mean has the standard deviation 0.0072
    assert abs(drawn.mean() - 1 / 2) < 0.03
    assert abs(drawn.var() - 1 / 12) < 0.01


def test_settings_have_an_order_each_that_tells_nothing_of_another():
    ranges = {"one": Share(), "other": Share()}
    trials = [trial for n in range(200) for trial in draw_trials(ranges, 8, str(n))]
    pairs = torch.tensor([[trial["one"], trial["other"]] for trial in trials])
    # 200 permutations of 8: the standard deviation is 1 / √1400 = 0.027
    assert abs(torch.corrcoef(pairs.T)[0, 1]) < 0.11


def test_trials_are_the_same_every_time_and_others_for_another_method_or_number():
    ranges = {"one": Share()}
    trials = draw_trials(ranges, 6, "maml")
    assert draw_trials(ranges, 6, "maml") == trials
    assert draw_trials(ranges, 6, "reptile") != trials
    assert draw_trials(ranges, 7, "maml")[:6] != trials
    both = draw_trials({"other": Share(), "one": Share()}, 6, "maml")
    assert [{"one": trial["one"]} for trial in both] == trials  # whatever stands beside it


def test_the_last_share_ends_below_the_end_of_the_range(monkeypatch):
    largest = 1 - 2.0**-24  # of what torch.rand gives
    monkeypatch.setattr(torch, "rand", lambda count, generator: torch.full((count,), largest))
    letters = tuple("abcdefgh")
    trials = draw_trials({"one": OneOf(letters)}, 8, "maml")
    assert sorted(trial["one"] for trial in trials) == list(letters)


def test_where_nothing_is_to_choose_there_is_one_trial():
    assert draw_trials({}, 6, "nearest_class_mean") == [{}]


@pytest.mark.parametrize("ranges", [{}, {"one": Share()}])
def test_less_than_one_trial_is_refused(ranges):
    with pytest.raises(ValueError, match="a choice needs one trial or more, got 0"):
        draw_trials(ranges, 0, "maml")
