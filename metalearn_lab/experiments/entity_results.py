"""The table of ``benchmarks/entity_tagging.py``: taggers over splits of the types and seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED_ENTITIES = Path(__file__).with_name("entity_tagging.csv")

_SETTINGS = {"inner_lr": "α", "steps": "inner steps", "outer_lr": "β", "τ": "τ", "λ": "λ"}

Text = Literal["names in templates", "tweets"]


def by_split(
    text: Text, shots: int = 5, types: str = "new", *, column: str = "F1", path: Path | None = None
) -> DataFrame:
    """A number in per cent for each split (a row) and tagger (a column), the mean over seeds.

    Args:
        text: five splits of sixteen types with five seeds each, or five halvings of
            WNUT-17's six.
        shots: 1 or 5.
        types: ``"new"``, or ``"training"`` for other sentences of the types that were trained on.
        column: ``"F1"``, ``"precision"``, ``"recall"`` or ``"accuracy"`` (of tokens).
        path: of another table than the saved one.

    Raises:
        ValueError: the table has no such rows.
    """
    from pandas import read_csv

    table = read_csv(path or SAVED_ENTITIES)
    rows = table[(table.text == text) & (table.shots == shots) & (table.types == types)]
    if rows.empty:
        raise ValueError(
            f"no rows for {text!r}, {shots} shots and {types!r} types: there are "
            f"{table[['text', 'shots', 'types']].drop_duplicates().to_dict('records')}"
        )
    means = rows.pivot_table(column, "split", "tagger", aggfunc="mean")
    return means[list(dict.fromkeys(rows.tagger))]


def settings_in_words(text: Text, taggers: Sequence[str]) -> DataFrame:
    """The settings of each tagger, a row, with how many of its trainings have each.

    Args:
        text: as for ``by_split``.
        taggers: the rows; those without settings are left out.
    """
    from pandas import DataFrame, read_csv

    table = read_csv(SAVED_ENTITIES, dtype={"settings": str}).dropna(subset="settings")
    table = table[table.text == text].drop_duplicates(["tagger", "split", "seed"])
    counted: dict[str, dict[str, str]] = {}
    for tagger in taggers:
        values: dict[str, Counter[str]] = {name: Counter() for name in _SETTINGS.values()}
        for settings in table.settings[table.tagger == tagger]:
            for setting in settings.split(", "):
                name, value = setting.split(" = ") if " = " in setting else setting.split()[::-1]
                values[_SETTINGS[name]][value] += 1
        if any(values.values()):
            counted[tagger] = {name: _in_order(each) for name, each in values.items()}
    return DataFrame(counted).T


def _in_order(counts: Counter[str]) -> str:
    return ", ".join(f"{value} ({counts[value]})" for value in sorted(counts, key=float))


def over_splits(numbers: DataFrame) -> dict[str, Interval]:
    """The mean of each column, with its interval over the splits."""
    return {name: interval_over_tasks(torch.tensor(numbers[name].values)) for name in numbers}


def lead(numbers: DataFrame, tagger: str, other: str) -> Interval:
    """Points that a tagger is above another, split by split, with its interval over the splits."""
    return interval_over_tasks(torch.tensor((numbers[tagger] - numbers[other]).values))


def leads_in_words(columns: Mapping[str, DataFrame], pairs: Sequence[tuple[str, str]]) -> DataFrame:
    """What ``lead`` gives, a row for each pair of a tagger and another.

    Args:
        columns: what ``by_split`` gives, by the name of the column.
        pairs: the rows.
    """
    from pandas import DataFrame

    return DataFrame(
        {
            name: {
                f"{tagger} minus {other}": _in_words(lead(numbers, tagger, other))
                for tagger, other in pairs
            }
            for name, numbers in columns.items()
        }
    )


def _in_words(interval: Interval) -> str:
    return f"{interval.mean:.1f} ± {interval.half_width:.1f}"


def in_words(columns: Mapping[str, DataFrame], taggers: Sequence[str]) -> DataFrame:
    """Means with their half-widths over the splits, a row for each tagger.

    Args:
        columns: what ``by_split`` gives, by the name of the column.
        taggers: the rows.
    """
    from pandas import DataFrame

    intervals = {name: over_splits(numbers[list(taggers)]) for name, numbers in columns.items()}
    return DataFrame(
        {
            name: {tagger: _in_words(interval) for tagger, interval in own.items()}
            for name, own in intervals.items()
        }
    )
