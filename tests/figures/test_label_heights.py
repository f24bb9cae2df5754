"""Labels keep a distance and stay as near to their values as that allows."""

import pytest

from metalearn_lab.figures.label_heights import kept_apart


def test_labels_that_are_apart_stay_where_they_are():
    assert kept_apart([3.0, -1.0, 0.5], 0.4) == pytest.approx([3.0, -1.0, 0.5])


def test_labels_too_close_are_spread_about_their_mean_in_their_order():
    assert kept_apart([0.1, 0.0, 5.0], 0.4) == pytest.approx([0.25, -0.15, 5.0])
    assert kept_apart([1.0, 1.0, 1.0], 0.4) == pytest.approx([0.6, 1.0, 1.4])


def test_a_group_that_is_spread_into_another_joins_it():
    spread = kept_apart([0.0, 0.0, 0.3, 0.3], 0.4)
    assert spread == pytest.approx([-0.45, -0.05, 0.35, 0.75])
    assert kept_apart([], 0.4) == []
