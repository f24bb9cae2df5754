"""Domains are held out whole, and judges know a perfect head from one that guesses."""

import pandas as pd
import pytest
import torch

from metalearn_lab.comparison.scope import SAVED_SCOPE, Scope, judge, split_domains
from metalearn_lab.tasks.types import Split, Task


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [5, 6, 10])
def test_no_domain_is_on_two_sides_and_none_is_lost(count, seed):
    domains = [f"d{i % count}" for i in range(3 * count)]
    parts = split_domains(domains, seed)
    sides = [parts.train, *parts.validation, *parts.test]
    names = [{domains[c] for c in side} for side in sides]
    assert sum(map(len, names)) == count == len(set().union(*names))
    assert sorted(c for side in sides for c in side) == list(range(3 * count))
    assert len(names[3]) == len(names[4]) == count // 5


def test_too_few_domains_are_refused():
    with pytest.raises(ValueError, match="five domains or more"):
        split_domains("abcd", 0)


def of(known, labels, unknown):
    """One episode whose 'vectors' are scores of two classes."""
    support = Split(torch.zeros(1, 2, 2), torch.tensor([[0, 1]]))
    query = Split(torch.tensor([known]), torch.tensor([labels]))
    return Scope(Task(support, query), torch.tensor([unknown]))


def test_the_four_measures_by_hand():
    test = of([[0.9, 0.0], [0.1, 0.8], [0.4, 0.3]], [0, 1, 1], [[0.7, 0.0], [0.0, 0.3]])
    validation = of([[0.5, 0.0]], [0], [[0.0, 0.0]])
    row = judge({"as it is": lambda support, x: x}, validation, test).iloc[0]
    assert row.accuracy == pytest.approx(200 / 3)
    assert row.auroc == pytest.approx(500 / 6), "of six pairs .4 and .7 are in the wrong order"
    assert row.accepted == pytest.approx(200 / 3), "0.9 and 0.8 reach the bar of 0.5"
    assert row.refused == pytest.approx(50), "0.3 does not reach it, 0.7 does"


def test_the_saved_table_has_five_splits_of_three_sets():
    saved = pd.read_csv(SAVED_SCOPE)
    assert set(saved.groupby(["set", "head"]).split.nunique()) == {5}
    assert saved.set.nunique() == 3
    plain, out = (
        saved[saved.set == name].set_index(["split", "head"])
        for name in ("CLINC150", "CLINC150, its own out of scope")
    )
    assert (plain.accuracy == out.accuracy).all(), "the known sentences are the same"
    assert (plain.accepted == out.accepted).all()
