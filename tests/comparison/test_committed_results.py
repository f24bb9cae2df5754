"""The tables that come with the package are what the protocol says they are."""

import pytest

from metalearn_lab.comparison.methods import METHODS
from metalearn_lab.comparison.saved_runs import SAVED, read_configuration, read_table
from metalearn_lab.comparison.table import ENTRY, LEAST_SPLITS

SETS = sorted(path.parent for path in SAVED.rglob("table.csv"))


def test_there_are_three_sets_one_with_other_domains_and_one_at_equal_gradients():
    names = {str(folder.relative_to(SAVED)) for folder in SETS}
    more = {"clinc150/domains", "embedded-en/equal_gradients"}
    assert names == {"embedded-en", "clinc150", "banking77"} | more


def test_at_equal_gradients_all_took_as_many_as_maml():
    rows = read_table(SAVED / "embedded-en")
    of_maml = rows[(rows.method == "maml") & (rows.ways == 5) & (rows.shots == 1)].gradients
    longer = read_table(SAVED / "embedded-en" / "equal_gradients")
    assert longer.method.nunique() == 7
    assert (longer.gradients / of_maml.max() - 1).abs().max() < 0.001


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_it_says_what_it_came_from_and_no_path_of_a_machine(folder):
    configuration = read_configuration(folder)
    assert "/" not in configuration["source"]
    assert configuration["versions"]["torch"]
    assert {len(commit) for commit in configuration["commit"].split()} == {12}
    assert configuration["budget"]["test_episodes"] == 300


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_every_method_had_as_many_trials_and_every_entry_its_splits(folder):
    table, trials = read_table(folder), read_configuration(folder)["budget"]["trials"]
    had = table[~table.method.isin(["nearest_class_mean", "centred_mean"])].trials
    assert set(had) == {trials}
    assert set(table.episodes) == {300}
    assert not table.duplicated([*ENTRY, "ways", "shots", "train_classes", "split", "seed"]).any()
    parts = table.groupby([*ENTRY, "ways", "shots", "train_classes"])
    assert parts.split.nunique().ge(LEAST_SPLITS).all()
    assert set(table.method) <= set(METHODS)


@pytest.mark.parametrize("name", ["embedded-en", "clinc150", "banking77"])
def test_one_shot_on_the_encoder_has_ten_splits_and_two_trainings(name):
    table = read_table(SAVED / name)
    rows = table[(table.ways == 5) & (table.shots == 1)]
    rows = rows[(rows.representation == "sentence encoder")]
    rows = rows[rows.train_classes == rows.train_classes.max()]
    trained = rows[rows.gradients > 0]
    assert rows.groupby("method").split.nunique().eq(10).all()
    assert trained.groupby(["method", "split"]).seed.nunique().eq(2).all()
