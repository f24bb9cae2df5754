"""When meta-learning pays: its lead over the other kinds of methods, condition by condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from metalearn_lab.comparison.methods import Kind
from metalearn_lab.comparison.table import (
    accuracy_over_splits,
    best_by_validation,
    difference_over_splits,
)
from metalearn_lab.comparison.world import ENCODER, NGRAMS, TF_IDF

if TYPE_CHECKING:
    from pandas import DataFrame

OTHERS: tuple[Kind, Kind] = ("untrained", "joint")
FEATURES = "accuracy of the best untrained (%)"
"""The panel that measures how strong the features are."""

WAYS, SHOTS = 5, 1
"""What one condition at a time departs from, with all training classes, on the encoder."""


def at_first(table: DataFrame) -> DataFrame:
    """The rows that conditions depart from, of every representation."""
    most = table.train_classes == table.train_classes.max()
    return table[(table.ways == WAYS) & (table.shots == SHOTS) & most]


def gains_by_condition(
    tables: Mapping[str, DataFrame], domains: Mapping[str, DataFrame]
) -> DataFrame:
    """By how many points the best meta-learner leads the best method of another kind.

    The best on the validation classes speaks for each kind; leads are taken split by split.

    Args:
        tables: rows of ``saved_runs.read_table`` by the name of the set.
        domains: the same of sets of which whole domains were held out.

    Returns:
        One row for each ``panel`` (what is varied), ``set``, ``x`` (to what) and kind ``less``,
        with the speakers ``meta`` and ``other``, the ``mean`` difference and its 95 %
        ``half_width`` over so many class ``splits``.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for name, table in tables.items():
        for panel, x, part in _conditions(table, domains.get(name)):
            for kind in OTHERS:
                meta, other = (
                    best_by_validation(part, "meta-learner"),
                    best_by_validation(part, kind),
                )
                mean, half_width, splits = difference_over_splits(part, meta, other)
                lead = {"mean": float(mean), "half_width": float(half_width), "splits": splits}
                who = {"less": kind, "meta": meta[1], "other": other[1]}
                rows.append({"panel": panel, "set": name, "x": x, **who, **lead})
    return pd.DataFrame(rows)


def _conditions(
    table: DataFrame, domains: DataFrame | None
) -> Iterator[tuple[str, float | str, DataFrame]]:
    """What is varied, to what, and the rows."""
    of_encoder = table[table.representation == ENCODER]
    all_classes = of_encoder.train_classes == of_encoder.train_classes.max()
    few_ways, few_shots = of_encoder.ways == WAYS, of_encoder.shots == SHOTS
    for shots, part in of_encoder[all_classes & few_ways].groupby("shots"):
        yield "shots", shots, part
    for ways, part in of_encoder[all_classes & few_shots].groupby("ways"):
        yield "ways", ways, part
    for classes, part in of_encoder[few_ways & few_shots].groupby("train_classes"):
        yield "training classes", classes, part
    for vectors, counted in ((NGRAMS, TF_IDF), (ENCODER, ENCODER)):
        part = at_first(table[table.representation.isin((vectors, counted))])
        learned = part[part.representation == vectors]
        if len(learned):
            part = part[part.split.isin(learned.split)]
            yield FEATURES, _of_best_untrained(part), part
    if domains is not None:
        yield "test classes", "random", at_first(of_encoder)
        yield "test classes", "other domains", domains


def _of_best_untrained(rows: DataFrame) -> float:
    representation, method = best_by_validation(rows, "untrained")
    chosen = (rows.representation == representation) & (rows.method == method)
    return round(float(accuracy_over_splits(rows[chosen]).mean), 1)
