"""A mistake is named by the number it leads to, and no other number is."""

import pytest

from metalearn_lab.exercises.mistakes import likely_mistake, near

LIKELY = {"half of it": 2.0, "its square": 16.0}


@pytest.mark.parametrize(
    ("given", "named"), [(2.0, "half of it"), (16.0000001, "its square"), (4.0, None), (2.1, None)]
)
def test_the_number_names_the_mistake(given, named):
    assert likely_mistake(given, LIKELY) == named


def test_a_wider_margin_names_more():
    assert likely_mistake(2.1, LIKELY, close=0.1) == "half of it"


def test_near_is_relative_above_one_and_absolute_below():
    assert near(1000.0005, 1000.0)
    assert not near(1000.01, 1000.0)
    assert near(5e-7, 0.0)
    assert not near(2e-6, 0.0)
    assert not near(float("nan"), 0.0)
