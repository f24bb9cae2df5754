"""The still pictures of scaling up draw what they are given."""

import pytest

from metalearn_lab.comparison.benchmark_tables import benchmark_table
from metalearn_lab.experiments.task_cost import TaskCost
from metalearn_lab.figures.benchmark_ratios import benchmark_ratios_figure
from metalearn_lab.figures.task_cost import task_cost_figure

TIMES = {"one by one": {1: 2.0, 4: 8.0}, "vectorised": {1: 3.0, 4: 3.6, 64: 15.0}}


def test_measured_times_are_points_and_models_are_lines():
    model = TaskCost(overhead=2.8, work=0.2)
    [axes] = task_cost_figure(TIMES, {"vectorised": model}).axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    measured = lines["vectorised, measured"]
    assert (list(measured.get_xdata()), measured.get_linestyle()) == ([1, 4, 64], "None")
    drawn = lines["vectorised, 2.8 + n·0.2 ms"]
    assert list(drawn.get_ydata()) == pytest.approx([model.together(n) for n in (1, 4, 64)])
    [mark] = [line for line in axes.get_lines() if line.get_marker() == "|"]
    assert list(mark.get_xdata()) == pytest.approx([14])
    assert list(mark.get_ydata()) == pytest.approx([5.6])


def test_a_model_whose_half_way_is_outside_has_no_mark():
    [axes] = task_cost_figure(TIMES, {"vectorised": TaskCost(3.0, 0.0)}).axes
    assert not [line for line in axes.get_lines() if line.get_marker() == "|"]


def test_another_way_is_refused():
    with pytest.raises(ValueError, match="unknown ways"):
        task_cost_figure({"by magic": {1: 1.0}}, {})


def test_every_ratio_of_a_workload_is_drawn_in_its_row():
    table = benchmark_table("results")
    [axes] = benchmark_ratios_figure(table, {"W5": "a Transformer", "W2": "sinusoids"}).axes
    drawn = [
        (x, y)
        for line in axes.get_lines()
        if line.get_linestyle() == "None"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]
    for place, workload in enumerate(("W5", "W2")):
        of_it = table[(table["workload"] == workload)]
        expected = of_it[of_it["kind"].isin(["peer", "ours"])]["ratio"].tolist()
        expected += of_it[of_it["variant"] == "per-task loop"]["ratio"].tolist()
        assert sorted(x for x, y in drawn if y == place) == sorted(expected)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a Transformer", "sinusoids"]


def test_a_workload_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no workload W9"):
        benchmark_ratios_figure(benchmark_table("results"), {"W9": "?"})
