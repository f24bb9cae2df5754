"""Quadratic kappa: the oracle, and scikit-learn on many random tables."""

import math
import warnings

import pytest
import torch
from sklearn.metrics import cohen_kappa_score

from metalearn_lab.evaluation.agreement import (
    agreement,
    confusion_table,
    kappa_of,
    quadratic_kappa,
)

ORACLE = torch.tensor([[4.0, 1, 0], [1, 3, 1], [0, 1, 4]], dtype=torch.float64)


def test_the_oracle():
    assert quadratic_kappa(ORACLE).item() == pytest.approx(0.8, abs=1e-12)
    assert agreement(ORACLE).item() == pytest.approx(11 / 15, abs=1e-12)


@pytest.mark.parametrize("grades", [2, 3, 5, 9])
def test_scikit_learn_gives_the_same(grades):
    numbers = torch.Generator().manual_seed(grades)
    for answers in (4, 15, 80):
        for _ in range(25):
            given = torch.randint(grades, (answers,), generator=numbers)
            noise = torch.randint(-1, 2, (answers,), generator=numbers)
            true = (given + noise).clamp(0, grades - 1)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = cohen_kappa_score(given, true, labels=range(grades), weights="quadratic")
            ours = kappa_of(given, true, grades)
            assert ours == pytest.approx(theirs, abs=1e-12, nan_ok=True)


def test_many_tables_at_once():
    tables = torch.stack([ORACLE, ORACLE.T, 3 * ORACLE])
    torch.testing.assert_close(quadratic_kappa(tables), torch.full((3,), 0.8).double())
    assert agreement(tables).shape == (3,)


def test_one_grade_for_all_is_worth_nothing():
    true = torch.tensor([0, 1, 2, 2])
    assert kappa_of(torch.ones(4).long(), true, 3) == 0
    assert math.isnan(kappa_of(torch.ones(4).long(), torch.ones(4).long(), 3))


def test_the_table_has_a_row_for_each_given_grade():
    table = confusion_table(torch.tensor([0, 0, 2]), torch.tensor([1, 1, 2]), 3)
    assert table.tolist() == [[0, 2, 0], [0, 0, 0], [0, 0, 1]]


def test_what_is_no_grade_is_refused():
    with pytest.raises(ValueError, match="lie in"):
        confusion_table(torch.tensor([3]), torch.tensor([0]), 3)
    with pytest.raises(ValueError, match="two lists"):
        confusion_table(torch.tensor([1, 2]), torch.tensor([0]), 3)
