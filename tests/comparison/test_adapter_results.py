"""The table of adapters that comes with the package, and what a figure takes from it."""

import pytest

from metalearn_lab.comparison.adapters import (
    ADAPTERS,
    SAVED_ADAPTERS,
    STRUCTURES,
    by_size,
    numbers_of,
)
from metalearn_lab.comparison.saved_runs import SAVED, read_configuration, read_table
from metalearn_lab.comparison.table import accuracy_over_splits


def test_every_method_was_judged_alike():
    table, configuration = read_table(SAVED_ADAPTERS), read_configuration(SAVED_ADAPTERS)
    other = read_configuration(SAVED / "embedded-en")
    assert (configuration["source"], configuration["budget"]) == (other["source"], other["budget"])
    assert set(table.method) == set(ADAPTERS)
    assert set(table.trials) == {configuration["budget"]["trials"]}
    assert set(table.groupby("method").split.nunique()) == {5}
    assert not table.duplicated(["method", "split", "seed"]).any()


def test_the_figure_has_each_method_once_and_the_ones_that_train_every_weight():
    table, others = read_table(SAVED_ADAPTERS), read_table(SAVED / "embedded-en")
    lines, levels = by_size(table, others)
    assert {way: len(by) for way, by in lines.items()} == {
        "shared": 4,
        "emitted": 3,
        "learned start": 4,
        "anew": len(STRUCTURES),
        "Meta Networks": 1,
    }
    rows = table[table.method == "adapter 4, shared"]
    assert lines["shared"][3072] == accuracy_over_splits(rows)
    same = others[(others.representation == "sentence encoder") & (others.shots == 1)]
    proto_net = same[(same.ways == 5) & (same.method == "proto_net") & same.split.lt(5)]
    assert lines["shared"][147840] == accuracy_over_splits(proto_net)
    assert list(levels) == ["nearest class mean", "whitened class mean"]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("head, anew", 1925), ("adapter 4, anew", 1925 + 3072), ("all weights, anew", 149765)],
)
def test_what_is_fitted_anew_counts_what_a_task_moves(name, numbers):
    assert numbers_of(name, 0) == numbers
    assert numbers_of(name, 7) == 7
