"""Small multiples: one look a learner, shared axes, and runs that diverged hide no others."""

from __future__ import annotations

import math

import pytest

from metalearn_lab.figures.style import STYLES, label_of, style_of
from metalearn_lab.figures.sweep_curves import (
    Curve,
    median_curve,
    scale_of,
    sweep_curves_figure,
)


def curve(*mean):
    return Curve(list(mean), [0.1] * len(mean))


ONE = {"maml": curve(4, 1), "fine_tuning": curve(4, 3)}
TWO = {"maml": curve(4, 2), "fine_tuning": curve(4, 2)}


def drawn(panels, kind="loss"):
    figure = sweep_curves_figure(panels, scale_of(panels, kind), f"query {kind}")
    return figure, [axes for axes in figure.axes if axes.get_visible()]


def thick(axes):
    return {
        line.get_color(): list(line.get_ydata()) for line in axes.lines if line.get_alpha() is None
    }


def test_a_learner_has_its_own_look_in_every_panel():
    _, axes = drawn({"a": [ONE], "b": [TWO]})
    for each in axes:
        looks = {(line.get_color(), line.get_marker()) for line in each.lines}
        assert looks == {STYLES[name][::2] for name in ONE}
    assert [each.get_title(loc="left") for each in axes] == ["a", "b"]


def test_axes_are_shared():
    _, axes = drawn({"a": [ONE], "b": [{"maml": curve(40, 20)}]})
    assert len({(each.get_xlim(), each.get_ylim()) for each in axes}) == 1


def test_a_panel_of_one_run_has_its_interval():
    _, [axes] = drawn({"a": [ONE]})
    assert len(axes.collections) == 2
    low, high = axes.collections[0].get_datalim(axes.transData).intervaly
    assert (low, high) == pytest.approx((0.9, 4.1))


def test_a_panel_of_several_runs_has_each_thin_and_their_median_thick():
    _, [axes] = drawn({"a": [ONE, TWO, {"maml": curve(4, 99)}]})
    assert thick(axes)[STYLES["maml"].color] == [4, 2]
    assert sum(line.get_alpha() is not None for line in axes.lines) == 5


def test_an_unknown_learner_and_a_second_training_are_drawn_too():
    runs = [{"mine": curve(2, 1), "reptile": curve(2, 1), "reptile, k = 10": curve(2, 1)}]
    _, [axes] = drawn({"a": runs})
    mine, first, second = axes.lines
    assert (mine.get_color(), mine.get_marker()) == (style_of("mine").color, ".")
    assert (first.get_linewidth(), second.get_linewidth()) == (1.6, 1.0)
    assert label_of("mine") == "mine"
    assert label_of("reptile, k = 10") == "Reptile, k = 10"


def test_no_number_counts_as_infinite_in_a_median():
    curves = [curve(1, math.nan), curve(2, 3), curve(3, 4)]
    assert median_curve(curves) == [2, 4]


def test_a_diverged_run_leaves_the_picture_and_is_counted():
    good = {str(place): [ONE] for place in range(3)}
    scale = scale_of(
        good | {"x": [{"maml": curve(4, 1e9), "fine_tuning": curve(4, math.inf)}]}, "loss"
    )
    assert scale.beyond == 2
    assert scale.limits == (0.0, 1.05 * 40)


def test_losses_of_very_different_size_have_a_logarithmic_axis():
    panels = {"a": [{"maml": curve(4, 0.01)}]}
    scale = scale_of(panels, "loss")
    assert scale.is_log
    assert scale.limits[0] < 0.01 < 4 < scale.limits[1]
    figure, _ = drawn(panels)
    assert figure.get_supylabel() == "query loss (log scale)"


def test_accuracies_have_zero_to_one():
    assert scale_of({"a": [{"maml": curve(0.2, 0.9)}]}, "accuracy") == ((0.0, 1.0), False, 0)


@pytest.mark.parametrize("losses", [(0.0, 0.0), (math.nan, math.inf)])
def test_losses_of_nothing_have_an_axis(losses):
    low, high = scale_of({"a": [{"maml": curve(*losses)}]}, "loss").limits
    assert low < high


def test_a_row_with_empty_places_leaves_no_panel_without_numbers_below():
    _, axes = drawn({str(place): [ONE] for place in range(6)})
    assert [each.xaxis.get_tick_params()["labelbottom"] for each in axes] == [
        *(False, False, True, True),
        *(True, True),
    ]
