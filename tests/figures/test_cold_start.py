"""The cold-start figures draw what they are given."""

import pytest
import torch

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.experiments.recommendation import MELU, METHODS, RIDGE
from metalearn_lab.figures.cold_start import LINES, cold_start_figure, user_tasks_figure
from tests.experiments.small_ratings import small_world


def curves(start):
    return {
        name: {k: Interval(torch.tensor(start + k / 10), torch.tensor(0.1), 5) for k in (0, 5, 20)}
        for name in (MELU, RIDGE)
    }


def test_each_panel_has_a_line_for_each_method():
    figure = cold_start_figure({"error": curves(1), "nDCG@10": curves(2)}, over="5 user splits")
    for axes, start in zip(figure.axes, (1, 2), strict=True):
        assert {line.get_label() for line in axes.lines} == {MELU, RIDGE}
        for line in axes.lines:
            assert list(line.get_ydata()) == pytest.approx([start, start + 0.5, start + 2.0])
    assert "5 user splits" in figure.axes[0].get_title(loc="left")


def test_every_method_has_a_look_of_its_own():
    assert set(LINES) == set(METHODS)
    assert len({line.linestyle for line in LINES.values()}) == len(METHODS)


def test_a_user_is_drawn_with_support_and_query():
    world = small_world()
    figure = user_tasks_figure(world, {"one": 0, "other": 3}, shots=4, named=["Samoa"])
    for axes, user in zip(figure.axes, (0, 3), strict=False):
        every, support, query = axes.collections
        assert len(every.get_offsets()) == len(world.names)
        assert support.get_array().tolist() == world.test.values[user, :4].tolist()
        assert query.get_array().tolist() == world.test.values[user, 20:40].tolist()
        assert [text.get_text() for text in axes.texts] == ["Samoa"]


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="no measure"):
        cold_start_figure({}, over="nothing")
    with pytest.raises(ValueError, match="no user"):
        user_tasks_figure(small_world(), {}, shots=1)
