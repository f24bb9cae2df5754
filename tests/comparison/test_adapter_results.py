"""The table of adapters that comes with the package, and what a figure takes from it."""

import pandas as pd
import pytest

from metalearn_lab.comparison.adapters import (
    COMPARED,
    SAVED_ADAPTERS,
    STRUCTURES,
    gains_by_size,
    joined,
    numbers_of,
)
from metalearn_lab.comparison.saved_runs import SAVED, read_configuration, read_table


def test_every_method_was_judged_alike():
    table, configuration = read_table(SAVED_ADAPTERS), read_configuration(SAVED_ADAPTERS)
    other = read_configuration(SAVED / "embedded-en")
    assert (configuration["source"], configuration["budget"]) == (other["source"], other["budget"])
    assert set(table.method) == set(COMPARED)
    assert set(table.trials) == {configuration["budget"]["trials"]}
    assert set(table.groupby("method").split.nunique()) == {5}
    assert not table.duplicated(["method", "split", "seed"]).any()


def test_the_lines_have_each_method_once_and_the_ones_that_train_every_weight():
    table = joined(read_table(SAVED_ADAPTERS), read_table(SAVED / "embedded-en"))
    assert table.split.nunique() == 5
    lines = gains_by_size(table)
    assert {way: len(by) for way, by in lines.items()} == {
        "anew: head, rank 4, all weights": 3,
        "learned start: rank 4, all weights": 2,
        "shared: rank 1, rank 4, rank 16, all weights": 4,
        "emitted: rank 1, rank 4, rank 16": 3,
        "Meta Networks": 1,
    }
    means = table.groupby(["method", "split"]).accuracy.mean()
    for size, name in ((3072, "adapter 4, shared"), (147840, "proto_net")):
        expected = (means[name] - means["nearest_class_mean"]).mean()
        assert float(
            lines["shared: rank 1, rank 4, rank 16, all weights"][size].mean
        ) == pytest.approx(expected)


def test_the_ablation_is_of_the_generators_of_the_table():
    table, ablation = read_table(SAVED_ADAPTERS), pd.read_csv(SAVED_ADAPTERS / "listening.csv")
    assert len(ablation) == 15
    for row in ablation.itertuples():
        same = (table.method == f"adapter {row.rank}, emitted") & (table.split == row.split)
        assert table[same].accuracy.item() == pytest.approx(row.own, abs=0.011)
        assert row.cost == pytest.approx(row.own - row.shuffled, abs=0.011)


def test_every_task_has_a_structure_and_none_is_better_than_its_best():
    table = pd.read_csv(SAVED_ADAPTERS / "structures.csv")
    assert len(table) == 5
    chosen = table[[f"chose {name}" for name in STRUCTURES]].sum(axis=1)
    assert chosen.sub(1).abs().max() < 0.03
    assert (table["best of each"] >= table[["one for each", *STRUCTURES]].max(axis=1)).all()


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("head, anew", 1925), ("adapter 4, anew", 1925 + 3072), ("all weights, anew", 149765)],
)
def test_what_is_fitted_anew_counts_what_a_task_moves(name, numbers):
    assert numbers_of(name, 0) == numbers
    assert numbers_of(name, 7) == 7


def test_others_are_joined_at_one_shot_with_all_training_classes():
    table = joined(read_table(SAVED_ADAPTERS), read_table(SAVED / "embedded-en"))
    assert not table.duplicated(["method", "split", "seed"]).any()
