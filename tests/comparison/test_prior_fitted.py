"""The saved classifier can be read, says how it was made, and does what its table says."""

import pytest

from metalearn_lab.comparison.prior_fitted import read_classifier, read_tables
from metalearn_lab.experiments.table_classifier import (
    InContext,
    cross_validated,
    rivals,
    small_tables,
)


def test_every_table_has_every_fold_of_every_classifier():
    rows = read_tables()
    names = {"in context", *rivals()}
    assert set(rows.table) == set(small_tables())
    assert set(rows.classifier) == names
    assert (rows.groupby(["table", "classifier"]).fold.agg(set).map(len) == 5).all()
    assert len(rows) == 5 * 5 * len(names)
    assert rows.accuracy.between(0, 100).all()
    assert (rows.surprise > 0).all()


def test_the_saved_network_says_how_it_was_trained_and_repeats_its_row():
    learner, about = read_classifier()
    assert about.keys() == {"prior", "sizes", "training", "CPU seconds", "versions"}
    assert about["CPU seconds"] < 3600
    rows = cross_validated({"in context": InContext(learner)}, *small_tables()["iris"])
    saved = read_tables().query("table == 'iris' and classifier == 'in context'")
    found = sum(row["accuracy"] for row in rows) / len(rows)
    assert found == pytest.approx(saved.accuracy.mean(), abs=1)
