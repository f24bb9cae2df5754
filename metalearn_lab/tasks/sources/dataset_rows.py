"""From the splits of a labelled data set, in the hub's schema, to one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from metalearn_lab.tasks.table import (
    LabelledTable,
    Row,
    ambiguous_texts,
    build_table,
    class_name,
    find_classes,
)
from metalearn_lab.tasks.text_identity import checked_text, class_spellings, normalised

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
    A sentence listed under two classes is dropped; a sentence listed twice under one class, in
    one split or in two, is one group; a split whose labels are all hidden (missing, or the hub's
    −1) is left out. ``source`` counts the rows of each of these kinds. Sentences are compared by
    ``text_identity.normalised``, class names by ``text_identity.class_key``.

    Args:
        splits: data sets by name of their split, with a text column (text, utt or sentence) and a
            label column (label, intent or category; ClassLabel, strings or integers).
        source: where the splits come from, for the table's ``source``.
        language: keep only rows of this language, told by a ``lang`` column; all rows if None.
        exclude: names of classes to leave out, such as CLINC150's ``oos``.

    Raises:
        ValueError: no text or label column, an empty text, a damaged label, labels that are
            numbers in one split and names in another, an unknown class to exclude, an unknown
            language, or fewer than two classes.
    """
    parts = {name: _read(name, data, language) for name, data in splits.items()}
    _check_one_kind_of_label(parts)
    rows = _with_one_spelling({name: part.rows for name, part in parts.items()}, exclude)
    everything = [row for part in rows.values() for row in part]
    ambiguous = ambiguous_texts(everything)
    kept = [row for row in everything if row.group not in ambiguous]
    notes = _notes(rows, ambiguous, {name: part.hidden for name, part in parts.items()})
    classes = sorted({row.class_name for row in kept})
    if len(classes) < 2:
        raise ValueError(
            f"episodes need two classes or more, but {source} has {len(classes)}: "
            f"{', '.join(classes) or 'none'}{notes}"
        )
    return build_table(kept, source + notes, _published_split(rows, set(classes)))


class _Part(NamedTuple):
    """A split as it was read.

    Attributes:
        rows: one a row of the split; none where all labels are hidden.
        hidden: how many rows a split has whose labels are all hidden, else 0.
        numbers: the labels are plain numbers, not names.
    """

    rows: list[Row]
    hidden: int
    numbers: bool


def _read(split: str, data: Dataset, language: str | None) -> _Part:
    text_column = _find_column("text", TEXT_COLUMNS, split, data)
    label_column = _find_column("label", LABEL_COLUMNS, split, data)
    if language is not None:
        data = _of_language(split, data, language)
    names = getattr(data.features[label_column], "names", None)
    texts, labels = list(data[text_column]), list(data[label_column])
    if all(label is None or label == -1 for label in labels):
        return _Part([], len(labels), numbers=False)
    rows = [
        _row(text, label, names, f"row {number} of {split}")
        for number, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]
    numbers = names is None and not any(isinstance(label, str) for label in labels)
    return _Part(rows, 0, numbers)


def _row(text: object, label: object, names: Sequence[str] | None, where: str) -> Row:
    text = checked_text(text, where)
    return Row(text, class_name(label, names, where), normalised(text))


def _check_one_kind_of_label(parts: Mapping[str, _Part]) -> None:
    """Refuse numbers in one split and names in another: they would be taken for other classes."""
    classes = {
        split: sorted({row.class_name for row in part.rows}) for split, part in parts.items()
    }
    numbers = {split: classes[split][:3] for split, part in parts.items() if part.numbers}
    names = {
        split: some[:3]
        for split, some in classes.items()
        if not all(name.removeprefix("-").isdecimal() for name in some)
    }
    if numbers and names:
        raise ValueError(
            f"labels are numbers in one split and names in another: numbers {numbers}, names "
            f"{names}. A class must be called the same in all of them: write the names, or the "
            'numbers, in every one (of a hub set, in a copy as parquet files for source="files")'
        )


def _with_one_spelling(
    rows: Mapping[str, Sequence[Row]], exclude: Sequence[str]
) -> dict[str, list[Row]]:
    """The rows of all classes but the excluded ones, each class spelled in one way."""
    spelling = class_spellings(row.class_name for part in rows.values() for row in part)
    excluded = find_classes(exclude, set(spelling.values()))
    return {
        split: [
            row._replace(class_name=spelling[row.class_name])
            for row in part
            if spelling[row.class_name] not in excluded
        ]
        for split, part in rows.items()
    }


def _notes(
    rows: Mapping[str, Sequence[Row]], ambiguous: set[str], hidden: Mapping[str, int]
) -> str:
    """What was left out, and what stands in two splits, for the table's record."""
    notes = [
        f"; {count} rows of {split} left out, their labels are hidden (none, or -1)"
        for split, count in hidden.items()
        if count
    ]
    first_split: dict[str, str] = {}
    repeats = sum(
        first_split.setdefault(str(row.group), split) != split
        for split, part in rows.items()
        for row in part
        if row.group not in ambiguous
    )
    if repeats:
        notes.append(f"; {repeats} rows repeat a sentence of another split, as one group with it")
    dropped = [row.text for part in rows.values() for row in part if row.group in ambiguous]
    if dropped:
        notes.append(f"; {len(dropped)} rows dropped, their text stands under two classes")
    return "".join(notes)


def _find_column(kind: str, wanted: Sequence[str], split: str, data: Dataset) -> str:
    columns = [column for column in wanted if column in data.column_names]
    if not columns:
        raise ValueError(
            f"{split} has no {kind} column: looked for {', '.join(wanted)}, "
            f"its columns are {', '.join(data.column_names)}: rename the one that holds the {kind}"
        )
    return columns[0]


def _of_language(split: str, data: Dataset, language: str) -> Dataset:
    if LANGUAGE_COLUMN not in data.column_names:
        raise ValueError(
            f"language {language!r} was asked for, but {split} has no {LANGUAGE_COLUMN!r} column "
            f"to choose by (its columns are {', '.join(data.column_names)}): leave language out"
        )
    languages = list(data[LANGUAGE_COLUMN])
    rows = [row for row, code in enumerate(languages) if code == language]
    if not rows:
        known = ", ".join(sorted(map(str, set(languages))))
        raise ValueError(f"{split} has no rows of language {language!r}; it has: {known}")
    return data.select(rows)


def _published_split(
    rows: Mapping[str, Sequence[Row]], classes: set[str]
) -> dict[str, tuple[str, ...]] | None:
    """Class names by split, where two or more have rows and no class is in two of them."""
    named = {name: {row.class_name for row in part} & classes for name, part in rows.items()}
    parts = {name: part for name, part in named.items() if part}
    if len(parts) < 2 or any(one & other for one, other in combinations(parts.values(), 2)):
        return None
    return {name: tuple(sorted(part)) for name, part in parts.items()}
