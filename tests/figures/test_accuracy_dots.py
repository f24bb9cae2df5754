"""The dots and intervals are the numbers given, and everything can be read."""

from itertools import combinations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from metalearn_lab.figures.accuracy_dots import WIDTH, Row, accuracy_dots_figure
from metalearn_lab.figures.style import STYLES, house_style, png_bundle

LOOKS = [(style.color, style.marker) for style in STYLES.values()]


def rows(count, first=40.0):
    return [
        Row(f"method {i}", first + 7 * i % 30, 1.0 + i % 3, *LOOKS[i % len(LOOKS)])
        for i in range(count)
    ]


def drawn_rows(axes):
    """Place, mean, ends of the interval, colour and marker of each row, from the top down."""
    found = []
    for dot, _, bars in axes.containers:
        [[mean, place]] = dot.get_xydata()
        ends = [x for bar in bars for (segment,) in [bar.get_segments()] for x, _ in segment]
        found.append((place, mean, ends, dot.get_color(), dot.get_marker()))
    return sorted(found)


def test_every_panel_draws_its_own_numbers_in_the_same_order():
    given = {"one": rows(5), "another": rows(5, first=50.5)}
    figure = accuracy_dots_figure(given)
    assert figure.get_size_inches()[0] == WIDTH
    for axes, (title, expected) in zip(figure.axes, given.items(), strict=True):
        assert axes.get_title(loc="left") == title
        found = drawn_rows(axes)
        assert [place for place, *_ in found] == [0, 1, 2, 3, 4]
        for (_, mean, ends, color, marker), row in zip(found, expected, strict=True):
            assert mean == row.mean
            assert ends == pytest.approx([row.mean - row.half_width, row.mean + row.half_width])
            assert (color, marker) == (row.color, row.marker)
        low, high = axes.get_xlim()
        assert low < min(row.mean - row.half_width for row in expected)
        assert high > max(row.mean + row.half_width for row in expected)
    first, second = figure.axes
    assert [label.get_text() for label in first.get_yticklabels()] == [r.label for r in rows(5)]
    assert list(first.get_yticks()) == [0, 1, 2, 3, 4]
    assert first.yaxis_inverted()
    assert (first.get_xlim(), first.get_ylim()) == (second.get_xlim(), second.get_ylim())


def test_a_method_may_be_missing_and_its_place_stays_empty():
    given = rows(4)
    _, axes = accuracy_dots_figure({"one": given, "another": [given[3], given[1]]}).axes
    assert [(place, mean) for place, mean, *_ in drawn_rows(axes)] == [
        (1, given[1].mean),
        (3, given[3].mean),
    ]


def test_without_an_interval_there_is_a_dot_alone():
    [axes] = accuracy_dots_figure({"one": [Row("alone", 50.0, 0.0)]}).axes
    assert [ends for _, _, ends, *_ in drawn_rows(axes)] == [[]]


def lines_across(axes):
    return [line.get_ydata()[0] for line in axes.lines if list(line.get_xdata()) == [0, 1]]


def test_a_line_between_groups_lies_between_their_rows():
    figure = accuracy_dots_figure(
        {"one": rows(4), "another": rows(4)}, separate_after=["method 1", "method 3"]
    )
    for axes in figure.axes:
        places = [place for place, *_ in drawn_rows(axes)]
        [line] = lines_across(axes)  # none under the last row
        assert line == pytest.approx((places[1] + places[2]) / 2)
        assert places[2] - places[1] > places[1] - places[0]


def test_chance_is_a_line_through_every_panel_and_named_once():
    figure = accuracy_dots_figure({"one": rows(3), "another": rows(3)}, chance=20.0)
    for axes in figure.axes:
        assert [20.0, 20.0] in [list(line.get_xdata()) for line in axes.lines]
        assert axes.get_xlim()[0] < 20
    assert [t.get_text() for axes in figure.axes for t in axes.texts] == ["chance"]
    plain = accuracy_dots_figure({"one": rows(3)}).axes[0]
    assert not plain.texts
    assert plain.get_xlim()[0] > 20


def test_the_axis_says_what_the_numbers_are_and_the_alt_text_is_the_callers():
    figure = accuracy_dots_figure({"one": rows(2)})
    assert "95 % interval over class splits" in figure.get_supxlabel()
    figure = accuracy_dots_figure({"one": rows(2)}, xlabel="cost in $a_b$")
    assert figure.get_supxlabel() == "cost in $a_b$"
    data, metadata = png_bundle(figure, "two methods, one better")
    assert data["text/plain"] == metadata["image/png"]["alt"] == "two methods, one better"


LONG = "frozen encoder: linear probe"


@pytest.mark.parametrize("titles", [1, 2, 3, 4])
@pytest.mark.parametrize("count", [2, 20])
def test_nothing_overlaps_and_nothing_is_cut_off(titles, count):
    named = [row._replace(label=f"{LONG} {i}") for i, row in enumerate(rows(count, first=21.0))]
    panels = {f"{place}: sentences that users say to an assistant": named for place in "abcd"}
    shown = dict(list(panels.items())[:titles])
    groups = [named[0].label, named[count // 2].label]
    figure = accuracy_dots_figure(shown, chance=20.0, separate_after=groups)
    with house_style():
        FigureCanvasAgg(figure).draw()
    [axis_label] = figure.texts
    boxes = {"axis": axis_label.get_window_extent()}
    for i, axes in enumerate(figure.axes):
        [title] = (each for each in axes.get_children() if has_title(each, axes))
        boxes[f"title {i}"] = title.get_window_extent()
        for axis in (axes.xaxis, axes.yaxis):
            for label in axis.get_ticklabels():
                if label.get_visible() and label.get_text() and inside(axes, axis, label):
                    boxes[f"{i} {axis.axis_name} {label.get_text()}"] = label.get_window_extent()
        for dot, *_ in axes.containers:
            boxes[f"{i} dot {dot.get_ydata()}"] = dot.get_window_extent()
        for text in axes.texts:
            boxes[f"{i} chance"] = text.get_window_extent()
    assert len(boxes) >= 2 + titles * (1 + 2 + count) + count
    for (name, box), (other, its_box) in combinations(boxes.items(), 2):
        assert Bbox.intersection(box, its_box) is None, (name, other)
    for name, box in boxes.items():
        assert figure.bbox.padded(1).contains(*box.min), name
        assert figure.bbox.padded(1).contains(*box.max), name


def has_title(artist, axes):
    return isinstance(artist, Text) and artist.get_text() == axes.get_title(loc="left")


def inside(axes, axis, label):
    """Whether a tick lies on its axis: matplotlib keeps one more on either side."""
    low, high = sorted(axis.get_view_interval())
    return low <= label.get_position()[0 if axis is axes.xaxis else 1] <= high


@pytest.mark.parametrize(
    ("panels", "message"),
    [
        ({}, "no rows to draw"),
        ({"one": []}, "no rows to draw"),
        ({"one": [*rows(2), *rows(1)]}, "panel 'one' has two rows of one label"),
        ({"one": rows(2), "other": rows(3)}, r"the first one lacks: \['method 2'\]"),
        ({"one": [Row("a", float("nan"), 1.0)]}, "'a' of panel 'one' is nan ± 1.0"),
        ({"one": [Row("a", 1.0, float("inf"))]}, "is 1.0 ± inf"),
        ({"one": [Row("a", 1.0, -0.1)]}, "a half-width of 0 or more"),
    ],
)
def test_what_cannot_be_drawn_is_refused(panels, message):
    with pytest.raises(ValueError, match=message):
        accuracy_dots_figure(panels)


def test_a_group_cannot_end_after_a_row_that_is_not_there():
    with pytest.raises(ValueError, match=r"no rows to end a group after: \['method 9'\]"):
        accuracy_dots_figure({"one": rows(2)}, separate_after=["method 1", "method 9"])
