"""The saved cold-start table is whole, and was made with equal trials."""

import pandas as pd
import pytest

from metalearn_lab.comparison.recommendation import (
    CLICKED,
    MOVIES,
    RATED,
    SAVED_RECOMMENDATION,
    differences,
    intervals_by_shots,
    overview,
)
from metalearn_lab.experiments.recommendation import MELU, METHODS, POPULARITY, RIDGE, SHOTS


@pytest.fixture(scope="module")
def saved():
    return pd.read_csv(SAVED_RECOMMENDATION)


def test_every_set_split_method_and_k_is_there_once(saved):
    keys = ["users", "seed", "method", "shots"]
    assert not saved.duplicated(keys).any()
    assert set(saved.users) == {RATED, CLICKED, MOVIES}
    assert len(saved) == 3 * 5 * len(METHODS) * len(SHOTS)


def test_numbers_are_where_they_can_be(saved):
    assert saved[["ndcg linear", "ndcg exponential"]].stack().between(0, 1).all()
    assert saved.error.between(0, 4).all()
    clicks = saved[saved.users == CLICKED]
    assert clicks["ndcg linear"].sub(clicks["ndcg exponential"]).abs().max() < 1e-4
    assert saved[saved.users == MOVIES]["error new items"].isna().all()


def test_popularity_does_not_change_with_k(saved):
    own = saved[saved.method == POPULARITY]
    assert (own.groupby(["users", "seed"]).error.nunique() == 1).all()


def test_intervals_and_differences_are_over_splits(saved):
    table = saved[saved.users == RATED]
    ridge = table[(table.method == RIDGE) & (table.shots == 5)].error
    assert float(intervals_by_shots(table, "error")[RIDGE][5].mean) == pytest.approx(ridge.mean())
    gap = differences(table, "error", MELU, RIDGE)
    assert gap.shape == (len(SHOTS), 5)
    melu = table[(table.method == MELU) & (table.shots == 5)].error
    assert gap.loc[5].tolist() == pytest.approx((melu.to_numpy() - ridge.to_numpy()).tolist())
    with pytest.raises(ValueError, match="one set of users"):
        intervals_by_shots(saved, "error")


def test_the_overview_shows_means_of_the_table(saved):
    shown = overview(saved)
    assert list(shown.index) == list(METHODS)
    own = saved[(saved.users == MOVIES) & (saved.method == MELU) & (saved.shots == 20)]
    assert shown.loc[MELU, ("error, MovieLens", "K = 20")].startswith(f"{own.error.mean():.3f} ±")
