"""The still pictures of scaling up draw what they are given."""

import pytest

from metalearn_lab.experiments.task_cost import TaskCost
from metalearn_lab.figures.task_cost import task_cost_figure

TIMES = {"loop": {1: 2.0, 4: 8.0}, "vmap": {1: 3.0, 4: 3.6, 64: 15.0}}


def test_measured_times_are_points_and_models_are_lines():
    model = TaskCost(overhead=2.8, work=0.2)
    [axes] = task_cost_figure(TIMES, {"vmap": model}).axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    measured = lines["vmap, measured"]
    assert (list(measured.get_xdata()), measured.get_linestyle()) == ([1, 4, 64], "None")
    drawn = lines["vmap, 2.8 + n·0.2 ms"]
    assert list(drawn.get_ydata()) == pytest.approx([model.together(n) for n in (1, 4, 64)])
    [mark] = [line for line in axes.get_lines() if line.get_marker() == "|"]
    assert list(mark.get_xdata()) == pytest.approx([14])
    assert list(mark.get_ydata()) == pytest.approx([5.6])


def test_a_model_whose_half_way_is_outside_has_no_mark():
    [axes] = task_cost_figure(TIMES, {"vmap": TaskCost(3.0, 0.0)}).axes
    assert not [line for line in axes.get_lines() if line.get_marker() == "|"]


def test_another_way_is_refused():
    with pytest.raises(ValueError, match="unknown ways"):
        task_cost_figure({"by magic": {1: 1.0}}, {})
