"""The horizon moves: lines and table are those of its schedule."""

import re

import numpy as np
import pytest

from metalearn_lab.experiments.short_horizon import (
    NOISY_BOWL,
    best_constant_rate,
    looking_ahead,
)
from metalearn_lab.explorers.horizon_explorer import HorizonExplorer

STEPS = 20


@pytest.fixture(scope="module")
def explorer():
    return HorizonExplorer(NOISY_BOWL, STEPS, (1, 4, 20))


def lines(axes):
    return [each for each in axes.lines if len(each.get_xdata()) > 2]


@pytest.mark.parametrize("horizon", [1, 4, 20])
def test_the_lines_and_the_table_are_the_schedules(explorer, horizon):
    explorer.controls["horizon"].value = horizon
    constant = np.full(STEPS, best_constant_rate(NOISY_BOWL, STEPS))
    schedules = [looking_ahead(NOISY_BOWL, STEPS, h) for h in (horizon, STEPS)] + [constant]
    left, right = explorer.scene.frame.axes
    for drawn, rates in zip(lines(left), schedules, strict=True):
        assert list(drawn.get_ydata()) == pytest.approx(rates)
    for drawn, rates in zip(lines(right), schedules, strict=True):
        assert list(drawn.get_ydata()) == pytest.approx(NOISY_BOWL.losses(rates).clip(max=1e3))
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    for row, rates in zip(rows, schedules, strict=True):
        shown = [float(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        losses = NOISY_BOWL.losses(rates)[[1, 5, 20, STEPS]]
        assert shown[0] == pytest.approx(rates[0], rel=6e-3)
        assert shown[1:] == pytest.approx(losses, abs=6e-6)


def test_who_looks_further_ends_lower(explorer):
    ends = [NOISY_BOWL.losses(explorer.rates[h])[-1] for h in (20, 4, 1)]
    assert ends == sorted(ends)
