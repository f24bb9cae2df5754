"""Points lie where they were asked for, and on their sinusoid."""

import pytest
import torch

from metalearn_lab.tasks.placement import REGIONS, points_of, squeezed
from metalearn_lab.tasks.sinusoids import Sinusoids


@pytest.mark.parametrize("region", REGIONS)
def test_the_ends_go_to_the_ends_and_the_order_stays(region):
    x = torch.linspace(-5, 5, 11)
    moved = squeezed(x, region)
    left, right = REGIONS[region]
    torch.testing.assert_close(moved[[0, -1]], torch.tensor([left, right]))
    steps = moved.diff()
    torch.testing.assert_close(steps, torch.full((10,), (right - left) / 10))


def test_spread_points_stay_where_they_are():
    x = Sinusoids().batch(0, 3).support.x
    torch.testing.assert_close(squeezed(x, "spread"), x)


def test_the_points_are_those_of_the_family():
    family = Sinusoids(shots=4, split="test")
    given = family.batch(5, 3).support
    torch.testing.assert_close(points_of(family.curves(5, 3), given.x).y, given.y)


def test_an_unknown_region_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="unknown region 'middle': use one of spread, left half"):
        squeezed(torch.zeros(1), "middle")
