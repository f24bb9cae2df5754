"""From the splits of a labelled data set, in the hub's schema, to one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from metalearn_lab.tasks.table import (
    LabelledTable,
    Row,
    ambiguous_texts,
    build_table,
    check_classes_exist,
    normalised,
)

if TYPE_CHECKING:
    from datasets import Dataset

TEXT_COLUMNS = ("text", "utt", "sentence")
LABEL_COLUMNS = ("label", "intent", "category")
LANGUAGE_COLUMN = "lang"


def table_from_splits(
    splits: Mapping[str, Dataset],
    source: str,
    *,
    language: str | None = None,
    exclude: Sequence[str] = (),
) -> LabelledTable:
    """One table of the rows of all splits; classes are told apart by name, never by number.

    Where no class occurs in two of the splits, they are kept as the published class split.
    A sentence listed under two classes is dropped and counted in ``source``; a sentence listed
    twice under one class is one group.

    Args:
        splits: data sets by name of their split, with a text column (text, utt or sentence) and a
            label column (label, intent or category; ClassLabel, strings or integers).
        source: where the splits come from, for the table's ``source``.
        language: keep only rows of this language, told by a ``lang`` column; all rows if None.
        exclude: names of classes to leave out, such as CLINC150's ``oos``.

    Raises:
        ValueError: no text or label column, an empty text, a missing label, an unknown class to
            exclude, an unknown language, or fewer than two classes.
    """
    rows = {name: _rows(name, data, language) for name, data in splits.items()}
    check_classes_exist(exclude, {row.class_name for part in rows.values() for row in part})
    rows = {name: _without(part, exclude) for name, part in rows.items()}
    everything = [row for part in rows.values() for row in part]
    ambiguous = ambiguous_texts(everything)
    kept = [row for row in everything if row.group not in ambiguous]
    classes = sorted({row.class_name for row in kept})
    if len(classes) < 2:
        raise ValueError(
            f"episodes need two classes or more, but {source} has {len(classes)}: "
            f"{', '.join(classes) or 'none'}"
        )
    if len(kept) < len(everything):
        dropped = len(everything) - len(kept)
        source += f"; {dropped} rows dropped, their text stands under two classes"
    return build_table(kept, source, _published_split(rows, set(classes)))


def _rows(split: str, data: Dataset, language: str | None) -> list[Row]:
    text_column = _find_column("text", TEXT_COLUMNS, split, data)
    label_column = _find_column("label", LABEL_COLUMNS, split, data)
    if language is not None:
        data = _of_language(split, data, language)
    names = getattr(data.features[label_column], "names", None)
    texts, labels = list(data[text_column]), list(data[label_column])
    numbered = enumerate(zip(texts, labels, strict=True))
    return [_row(text, label, names, f"row {row} of {split}") for row, (text, label) in numbered]


def _find_column(kind: str, wanted: Sequence[str], split: str, data: Dataset) -> str:
    found = [column for column in wanted if column in data.column_names]
    if not found:
        raise ValueError(
            f"{split} has no {kind} column: looked for {', '.join(wanted)}, "
            f"its columns are {', '.join(data.column_names)}: rename the one that holds the {kind}"
        )
    return found[0]


def _of_language(split: str, data: Dataset, language: str) -> Dataset:
    if LANGUAGE_COLUMN not in data.column_names:
        raise ValueError(
            f"language {language!r} was asked for, but {split} has no {LANGUAGE_COLUMN!r} column "
            f"to choose by (its columns are {', '.join(data.column_names)}): leave language out"
        )
    languages = list(data[LANGUAGE_COLUMN])
    rows = [row for row, each in enumerate(languages) if each == language]
    if not rows:
        there = ", ".join(sorted(map(str, set(languages))))
        raise ValueError(f"{split} has no rows of language {language!r}; it has: {there}")
    return data.select(rows)


def _row(text: object, label: object, names: Sequence[str] | None, where: str) -> Row:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{where} (counted from 0) has no text, but {text!r}: remove or fill it")
    return Row(text, _class_name(label, names, where), normalised(text))


def _class_name(label: object, names: Sequence[str] | None, where: str) -> str:
    """A ClassLabel's name, a string as it is, an integer as text."""
    if names is not None and isinstance(label, int) and 0 <= label < len(names):
        return names[label]
    if names is None and isinstance(label, str) and label.strip():
        return label
    if names is None and isinstance(label, int | float) and float(label).is_integer():
        return str(int(label))
    raise ValueError(
        f"{where} (counted from 0) has no class, but label {label!r}: remove or fill it"
    )


def _without(rows: list[Row], exclude: Sequence[str]) -> list[Row]:
    return [row for row in rows if row.class_name not in exclude]


def _published_split(
    rows: Mapping[str, Sequence[Row]], classes: set[str]
) -> dict[str, tuple[str, ...]] | None:
    parts = {name: {row.class_name for row in part} & classes for name, part in rows.items()}
    if len(parts) < 2 or any(one & other for one, other in combinations(parts.values(), 2)):
        return None
    return {name: tuple(sorted(part)) for name, part in parts.items()}
