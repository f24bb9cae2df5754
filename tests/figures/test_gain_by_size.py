"""Gains against trained numbers: what is drawn is what was given."""

import pytest
import torch

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.figures.gain_by_size import gain_by_size_figure


def interval(mean, half_width=1.0):
    return Interval(torch.tensor(mean), torch.tensor(half_width), 5)


LINES = {
    "shared": {3072: interval(87.0), 768: interval(85.0, 2.0)},
    "emitted": {74000: interval(86.5)},
}


def test_it_draws_each_point_with_its_interval_and_the_levels_across():
    figure = gain_by_size_figure(LINES, {"class mean": interval(84.0)})
    [axes] = figure.axes
    shared, emitted = axes.containers
    x, y = shared.lines[0].get_data()
    assert (list(x), list(y)) == ([768, 3072], [85.0, 87.0])
    [bars] = shared.lines[2]
    assert [tuple(ends[:, 1]) for ends in bars.get_segments()] == [(83.0, 87.0), (86.0, 88.0)]
    assert list(emitted.lines[0].get_xdata()) == [74000]
    assert any(list(line.get_ydata()) == [84.0, 84.0] for line in axes.lines)
    assert [text.get_text() for text in axes.texts] == ["class mean"]
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["shared", "emitted"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ({}, "give 1 to 5 lines, got 0"),
        ({"a": {0: interval(1.0)}}, "1 or more"),
        ({"a": {5: interval(float("nan"))}}, "not finite"),
    ],
)
def test_it_refuses(lines, message):
    with pytest.raises(ValueError, match=message):
        gain_by_size_figure(lines, {})
