"""Every lead and interval is drawn where it belongs."""

import pandas as pd
import pytest

from metalearn_lab.comparison.gains import FEATURES
from metalearn_lab.figures.gain_panels import gain_panels_figure
from metalearn_lab.figures.style import png_bundle

LEADS = pd.DataFrame(
    [
        (panel, of, x, less, mean, 0.5)
        for less, sign in (("untrained", 1), ("joint", -1))
        for panel, of, x, mean in (
            ("shots", "one", 5, 2.0 * sign),
            ("shots", "one", 1, 3.0 * sign),
            ("shots", "other", 1, 4.0 * sign),
            (FEATURES, "one", 70.0, 1.0 * sign),
            (FEATURES, "other", 91.0, 0.5 * sign),
            ("test classes", "one", "random", 1.5 * sign),
            ("test classes", "one", "other domains", 0.0),
        )
    ],
    columns=["panel", "set", "x", "less", "mean", "half_width"],
)


def drawn(axes):
    """The points of every set by its name."""
    return {c.get_label(): [tuple(point) for point in c[0].get_xydata()] for c in axes.containers}


def test_a_row_for_each_kind_and_a_panel_for_each_condition():
    figure = gain_panels_figure(LEADS)
    png_bundle(figure, "drawn")
    shots, accuracy, classes, *below = figure.axes
    assert len(below) == 3
    assert [label.get_text() for label in below[0].get_xticklabels()] == ["1", "5"]
    one, other = drawn(shots)["one"], drawn(shots)["other"]
    assert [y for _, y in one] == [3, 2]  # in the order of shots
    assert [y for _, y in other] == [4]
    assert [round(x) for x, _ in one] == [0, 1]
    assert one[0][0] < other[0][0]  # beside each other
    assert drawn(accuracy) == {"one": [(70, 1)], "other": [(91, 0.5)]}
    assert [t.get_text() for t in below[2].get_xticklabels()] == ["random", "other domains"]
    assert [y for _, y in drawn(classes)["one"]] == [1.5, 0]
    assert [y for _, y in drawn(below[0])["one"]] == [-3, -2]
    assert "untrained" in shots.get_ylabel()
    assert "joint" in below[0].get_ylabel()


def test_intervals_are_those_given():
    bars = gain_panels_figure(LEADS).axes[0].containers[0][2][0].get_segments()
    assert [[y for _, y in bar] for bar in bars] == [[2.5, 3.5], [1.5, 2.5]]


def test_too_many_sets_and_none_are_refused():
    with pytest.raises(ValueError, match="1 to 4 sets are drawn, got 0"):
        gain_panels_figure(LEADS[:0])
    many = pd.concat([LEADS.assign(set=str(i)) for i in range(5)])
    with pytest.raises(ValueError, match="got 5"):
        gain_panels_figure(many)
