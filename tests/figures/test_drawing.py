"""A drawing's figure has its numbers, and nothing is drawn where there is no panel."""

import numpy as np
import pytest
import torch

from metalearn_lab.figures.drawing import (
    Arrow,
    Curve,
    Dot,
    Drawing,
    Handle,
    Panel,
    Words,
    curve_look,
    drawing_figure,
    places_of,
)
from metalearn_lab.figures.style import STYLES, png_bundle

PANELS = (Panel((-3, 3), (0, 5), "θ", "loss", "one"), Panel((0, 1), (2, 4)))
X = torch.linspace(-3, 3, 7)
MARKS = (
    Curve(X, X**2 / 2, "#111111", "a bowl", width=1.5, dash=(4, 2)),
    Curve([0.0, 0.5, 1.0], [2.0, float("nan"), 4.0], "#222222", "broken", panel=1),
    Dot(1.0, 2.0, "#333333", "a dot", size=7.0, words="here"),
    Dot(2.0, 3.0, "#333333", "a dot", filled=False),
    Arrow((-1.0, 1.0), (2.0, 4.0), "#444444", "a step", width=3.0),
    Words(-2.0, 4.5, "some words"),
)
HANDLES = (Handle("theta", 0.5, 3.0, "#555555", "the start", "x", panel=1),)


@pytest.fixture(scope="module")
def figure():
    return drawing_figure(Drawing(PANELS, MARKS, HANDLES))


def lines(axes, label):
    return [line for line in axes.get_lines() if line.get_label() == label]


def test_every_number_is_read_back_from_the_axes(figure):
    left, right = figure.axes
    assert (left.get_xlim(), left.get_ylim()) == ((-3, 3), (0, 5))
    assert (right.get_xlim(), right.get_ylim()) == ((0, 1), (2, 4))
    assert (left.get_xlabel(), left.get_ylabel(), left.get_title("left")) == ("θ", "loss", "one")
    [bowl], [broken] = lines(left, "a bowl"), lines(right, "broken")
    np.testing.assert_allclose(bowl.get_data(), places_of(MARKS[0]))
    np.testing.assert_allclose(bowl.get_ydata(), X**2 / 2)
    assert (bowl.get_color(), bowl.get_linewidth()) == ("#111111", 1.5)
    assert bowl.is_dashed()
    np.testing.assert_array_equal(broken.get_data(), [[0, 0.5, 1], [2, np.nan, 4]])
    filled, empty = lines(left, "a dot")
    assert (filled.get_data(), empty.get_data()) == (([1], [2]), ([2], [3]))
    assert (filled.get_markerfacecolor(), empty.get_markerfacecolor()) == ("#333333", "white")
    [handle] = lines(right, "the start")
    assert handle.get_data() == ([0.5], [3])


def test_a_unit_is_as_long_upright_as_across_where_that_is_asked():
    plane = Panel((-2, 2), (-1, 1), equal=True)
    figure = drawing_figure(Drawing((PANELS[0], plane), []))
    png_bundle(figure, "a plane")  # lays it out
    box = figure.axes[1].get_window_extent()
    assert box.width / 4 == pytest.approx(box.height / 2)


def test_an_axis_has_names_in_place_of_numbers_where_they_are_given():
    named = Panel((0, 1), (0, 3), y_ticks=((0, "LOC"), (2, "O")))
    [axes] = drawing_figure(Drawing([named], [])).axes
    assert axes.get_yticks().tolist() == [0, 2]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["LOC", "O"]
    assert len(axes.get_xticks()) > 2


def test_an_arrow_goes_from_start_to_end_and_words_stand_in_their_place(figure):
    left = figure.axes[0]
    texts = {text.get_text(): text for text in left.texts}
    arrow = texts[""]
    assert (arrow.xyann, arrow.xy) == ((-1, 1), (2, 4))
    assert texts["some words"].get_position() == (-2, 4.5)
    assert texts["here"].xy == (1, 2)


def test_each_label_is_in_the_legend_once(figure):
    [legend] = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["a bowl", "a dot", "a step", "broken", "the start"]
    assert not drawing_figure(Drawing(PANELS, [Dot(0, 1, "#333333")])).legends


def test_legend_and_panels_do_not_lie_over_each_other():
    marks = [
        Curve([0, 1], [1, 2], "#111111", f"curve {i} has a rather long name") for i in range(7)
    ]
    figure = drawing_figure(Drawing(PANELS, marks))
    png_bundle(figure, "many curves")  # lays it out
    [legend], panels = figure.legends, figure.axes
    box = legend.get_window_extent()
    assert box.x1 <= figure.bbox.x1
    assert all(panel.get_tightbbox().y1 <= box.y0 for panel in panels)


def test_a_learners_curve_looks_as_everywhere():
    assert curve_look("maml") == {"color": STYLES["maml"].color, "label": "MAML", "dash": ()}
    assert curve_look("joint")["dash"] == STYLES["joint"].linestyle[1]


@pytest.mark.parametrize(
    ("marks", "handles", "message"),
    [
        ([Dot(0, 0, "#333333", panel=2)], [], "panel 2 of 2"),
        ([], [Handle("a", 0, 0, "#333333", panel=-1)], "panel -1 of 2"),
        ([], [Handle("a", 0, 0, "#333333"), Handle("a", 1, 1, "#333333")], "one name"),
    ],
)
def test_what_cannot_be_drawn_is_refused(marks, handles, message):
    with pytest.raises(ValueError, match=message):
        Drawing(PANELS, marks, handles)


def test_a_curve_of_two_lengths_is_refused():
    with pytest.raises(ValueError, match="same shape"):
        places_of(Curve([0, 1], [0, 1, 2], "#333333"))
