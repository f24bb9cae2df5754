"""The tables of the benchmark are there without a clone, and are what the benchmark writes."""

import pytest

from metalearn_lab.comparison.benchmark_tables import TABLES, benchmark_table


def test_every_table_that_lies_there_can_be_asked_for():
    names = {path.stem for path in TABLES.glob("*.csv")}
    assert names == {"results", "scaling", "memory"}
    for name in names:
        rows = benchmark_table(name)
        assert len(rows) > 10
        assert rows[["versions", "processor", "date"]].notna().all(axis=None)


def test_a_ratio_is_to_the_best_of_the_other_libraries():
    results = benchmark_table("results")
    timed = results[results["ratio"].notna()]
    best = timed[timed["variant"] == timed["best_peer"]].set_index("workload")
    assert (best["ratio"] == 1).all()
    assert set(best.index) == set(timed["workload"])


def test_another_name_is_refused():
    with pytest.raises(ValueError, match="use one of results, scaling, memory"):
        benchmark_table("speed")
