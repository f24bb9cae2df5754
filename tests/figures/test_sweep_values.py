"""Headline results against a parameter: every run is there, and one far off does not hide them."""

from __future__ import annotations

import pytest

from metalearn_lab.figures.sweep_values import (
    MOST_BARS,
    MOST_CATEGORIES,
    Result,
    far_results,
    sweep_values_figure,
)


def drawn(results, parameter="shots", **options):
    figure = sweep_values_figure(parameter, {"maml": results}, **options)
    assert figure.get_supxlabel() == parameter
    [axes] = figure.axes
    return axes


def points(axes):
    return [place for line in axes.lines[:-1] for place in zip(*line.get_data(), strict=True)]


def test_few_values_have_a_place_each_named_by_the_value():
    axes = drawn([Result(1e-3, 1.0, 0.1), Result(0.1, 2.0, 0.1)])
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.001", "0.1"]
    assert points(axes) == [(0.0, 1.0), (1.0, 2.0)]


def test_runs_of_one_value_stand_side_by_side_with_a_line_through_their_median():
    axes = drawn([Result(5, 1.0, 0), Result(5, 2.0, 0), Result(5, 6.0, 0), Result(9, 3.0, 0)])
    assert points(axes) == [(-0.15, 1.0), (0.0, 2.0), (0.15, 6.0), (1.0, 3.0)]
    assert [list(each) for each in axes.lines[-1].get_data()] == [[0.0, 1.0], [2.0, 3.0]]


def test_runs_that_differ_in_their_seed_have_a_mean_with_its_interval_over_seeds():
    results = [
        Result(5, 1.0, 0),
        Result(5, 2.0, 0),
        Result(5, 6.0, 0),
        Result(9, 3.0, 0),
    ]
    axes = drawn(results, is_over_seeds=True)
    assert [list(each) for each in axes.lines[-1].get_data()] == [[0.0, 1.0], [3.0, 3.0]]
    [bars] = axes.collections
    (_, low), (_, high) = bars.get_segments()[0]
    half = 4.302652729749464 * 7**0.5 / 3**0.5  # t of two degrees of freedom, variance 7
    assert (low, high) == pytest.approx((3 - half, 3 + half))


@pytest.mark.parametrize(
    ("half_width", "is_over_seeds", "says"),
    [
        (0.1, False, ["one run, 95 % over its tasks", "median of the runs"]),
        (0.0, True, ["one run", "mean of the seeds, 95 % over seeds"]),
    ],
)
def test_the_legend_says_what_the_line_joins(half_width, is_over_seeds, says):
    results = [Result(5, 1.0, half_width), Result(5, 2.0, half_width)]
    figure = sweep_values_figure("shots", {"maml": results}, is_over_seeds=is_over_seeds)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == says


@pytest.mark.parametrize(("runs", "bars"), [(MOST_BARS, True), (MOST_BARS + 1, False)])
def test_intervals_are_drawn_as_long_as_they_can_be_told_apart(runs, bars):
    axes = drawn([Result(5, 1.0 + place, 0.5) for place in range(runs)])
    assert bool(axes.collections) == bars


@pytest.mark.parametrize(("step", "scale"), [(1, "linear"), (10, "log")])
def test_many_values_have_a_numeric_axis(step, scale):
    xs = [float(step) ** place if step > 1 else place for place in range(MOST_CATEGORIES + 1)]
    axes = drawn([Result(x, 1.0 + place, 0) for place, x in enumerate(xs)])
    assert [x for x, _ in points(axes)] == xs
    assert axes.get_xscale() == scale


def test_a_result_far_above_the_others_is_left_out():
    results = [Result(x, 1.0 + x, 0) for x in range(5)] + [Result(5, 1e9, 0)]
    assert far_results(results) == results[-1:]
    assert len(points(drawn(results))) == 5
    assert far_results([Result(0, 0.0, 0), Result(1, 0.0, 0), Result(2, 5.0, 0)]) == []
