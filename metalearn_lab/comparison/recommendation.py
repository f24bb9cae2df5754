"""Saved cold-start comparison: three sets of users, five splits of the users, every method."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED_RECOMMENDATION = Path(__file__).parent / "recommendation.csv"
"""What ``benchmarks/recommendation.py`` gave: numbers, no ratings."""

RATED, CLICKED, MOVIES = "destinations, ratings", "destinations, clicks", "MovieLens, ratings"


def intervals_by_shots(table: DataFrame, measure: str) -> Mapping[str, Mapping[int, Interval]]:
    """Mean over the user splits with its 95 % interval, by method and K.

    Args:
        table: as saved, of one set of users.
        measure: a column of numbers.

    Raises:
        ValueError: rows of more than one set.
    """
    if table.users.nunique() != 1:
        raise ValueError(f"rows of one set of users are needed, got {set(table.users)}")
    intervals: dict[str, dict[int, Interval]] = {}
    for (method, shots), own in table.groupby(["method", "shots"], sort=False):
        values = torch.tensor(own[measure].to_list(), dtype=torch.float64)
        intervals.setdefault(method, {})[shots] = interval_over_tasks(values)
    return intervals


def differences(table: DataFrame, measure: str, method: str, other: str) -> DataFrame:
    """A method less another one, split by split: a row for each K, a column for each split.

    Args:
        table: as saved, of one set of users.
        measure: a column of numbers.
        method: from which is taken away.
        other: what is taken away.
    """
    wide = table.pivot(index=["method", "shots"], columns="seed", values=measure)
    return wide.loc[method] - wide.loc[other]


def overview(table: DataFrame) -> DataFrame:
    """The main numbers at K = 5 and K = 20 with their 95 % intervals, a row for each method.

    Args:
        table: as saved.
    """
    from pandas import DataFrame

    columns = {}
    for name, (users, measure) in OVERVIEW.items():
        found = intervals_by_shots(table[table.users == users], measure)
        for shots in (5, 20):
            columns[name, f"K = {shots}"] = {
                method: f"{by[shots].mean:.3f} ± {by[shots].half_width:.3f}"
                for method, by in found.items()
            }
    return DataFrame(columns)


OVERVIEW = {
    "error, known items": (RATED, "error"),
    "error, new items": (RATED, "error new items"),
    "nDCG, clicks": (CLICKED, "ndcg linear"),
    "error, MovieLens": (MOVIES, "error"),
    "nDCG, MovieLens": (MOVIES, "ndcg exponential"),
}
"""By heading, the set of users and the measure."""
