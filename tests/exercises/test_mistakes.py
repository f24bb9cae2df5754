"""A mistake is named by the number it leads to, and no other number is."""

import pytest

from metalearn_lab.exercises.mistakes import find_likely_mistake, is_same_answer

LIKELY = {"half of it": 2.0, "its square": 16.0}


@pytest.mark.parametrize(
    ("given", "named"), [(2.0, "half of it"), (16.0000001, "its square"), (4.0, None), (2.1, None)]
)
def test_the_number_names_the_mistake(given, named):
    assert find_likely_mistake(given, LIKELY) == named


def test_a_wider_margin_names_more():
    assert find_likely_mistake(2.1, LIKELY, tolerance=0.1) == "half of it"


def test_near_is_relative_above_one_and_absolute_below():
    assert is_same_answer(1000.0005, 1000.0)
    assert not is_same_answer(1000.01, 1000.0)
    assert is_same_answer(5e-7, 0.0)
    assert not is_same_answer(2e-6, 0.0)
    assert not is_same_answer(float("nan"), 0.0)
    assert not is_same_answer(5e-7, 0.0, smallest_scale=1e-3)


def test_of_several_numbers_each_must_be_the_same():
    assert is_same_answer([1.0, 2.0], [1.0, 2.0])
    assert not is_same_answer([1.0, 2.0], [1.0, 2.1])
    assert not is_same_answer([1.0, 2.0], [1.0, float("nan")])
