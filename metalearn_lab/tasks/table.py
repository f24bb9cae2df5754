"""A labelled table of texts: the one shape that every source is brought to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from metalearn_lab.tasks.text_identity import (
    REMOVE_OR_FILL,
    checked_text,
    class_key,
    class_spellings,
    normalised,
)

if TYPE_CHECKING:
    from datasets import Dataset


MOST_NAMED = 200
"""Classes that a message lists; the number of all stands behind them."""


@dataclass(frozen=True)
class LabelledTable:
    """Texts with one class each, and the groups that must stay on one side of an episode.

    Attributes:
        texts: one text a row.
        labels: class of each row, an index into ``classes``.
        classes: class names, sorted, no name twice, however it is written (see ``class_key``).
        groups: group of each row. Rows of one group are near copies (expansions of one template,
            or one sentence listed twice), so they never stand on both sides of an episode.
        source: where the texts come from, in one line.
        published_split: class names by part (``train``, ``validation``, ``test``) where the
            source publishes a class-disjoint split, else None.

    Raises:
        ValueError: columns of different lengths, a label that is no class, a class name twice.
    """

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    groups: tuple[int, ...]
    source: str
    published_split: Mapping[str, tuple[str, ...]] | None = None

    def __post_init__(self) -> None:
        """Refuse a table whose columns do not belong together."""
        lengths = {"texts": len(self.texts), "labels": len(self.labels), "groups": len(self.groups)}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"texts, labels and groups must be equally long, got {lengths}")
        name_counts = Counter(map(class_key, self.classes))
        if len(name_counts) < len(self.classes):
            repeated = sorted({name for name in self.classes if name_counts[class_key(name)] > 1})
            raise ValueError(
                f"class names must differ, but {repeated} occur more than once (another Unicode "
                "form or an invisible character makes no other name)"
            )
        if self.labels and not 0 <= min(self.labels) <= max(self.labels) < len(self.classes):
            raise ValueError(
                f"labels must lie in 0..{len(self.classes) - 1} for {len(self.classes)} classes, "
                f"found {min(self.labels)}..{max(self.labels)}"
            )

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.texts)

    def rows_of(self, name: str) -> tuple[int, ...]:
        """Row numbers of one class, by its name.

        Raises:
            ValueError: the table has no such class.
        """
        wanted = self.classes.index(find_classes((name,), self.classes)[0])
        return tuple(row for row, label in enumerate(self.labels) if label == wanted)


class Row(NamedTuple):
    """One row before the table is built.

    Attributes:
        text: the text as it will stand in the table.
        class_name: name of its class.
        group: anything hashable; equal within a group.
    """

    text: str
    class_name: str
    group: Hashable


def text_groups(texts: Iterable[str]) -> tuple[int, ...]:
    """Group number of each text; equal sentences, and no others, share a group."""
    return _number_groups(normalised(text) for text in texts)


def labelled_columns(
    dataset: Dataset, text_column: str, label_column: str
) -> tuple[list[str], list[int], list[str] | None]:
    """Texts, class numbers and, where there are any, class names of a ``datasets.Dataset``.

    Args:
        dataset: any data set with the two columns.
        text_column: name of the text column.
        label_column: name of the label column, ClassLabel or whole numbers, which stay as they
            are, or strings, which are numbered in sorted order.

    Raises:
        ValueError: a column is missing, a row without text, or a label that is none.
    """
    for column in (text_column, label_column):
        if column not in dataset.column_names:
            raise ValueError(f"no column {column!r}; the columns are {dataset.column_names}")
    texts = [checked_text(text, f"row {row}") for row, text in enumerate(dataset[text_column])]
    labels = list(dataset[label_column])
    names = getattr(dataset.features[label_column], "names", None)
    if any(isinstance(label, str) for label in labels):
        return texts, *numbered_labels(labels)
    written = (class_name(label, None, f"row {row}") for row, label in enumerate(labels))
    return texts, [int(number) for number in written], names


def numbered_labels(labels: Any) -> tuple[Any, list[str] | None]:
    """Labels that are names as numbers, in sorted order, with the names; others as they are.

    Args:
        labels: one a row, of any library.

    Raises:
        ValueError: some are names, and some are none.
    """
    listed = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    if not any(isinstance(label, str) for label in listed):
        return labels, None
    written = [class_name(label, None, f"row {row}") for row, label in enumerate(listed)]
    spelling = class_spellings(written)
    names = sorted(set(spelling.values()))
    number = {name: index for index, name in enumerate(names)}
    return [number[spelling[name]] for name in written], names


def class_numbers(classes: Any, names: Sequence[str]) -> Any:
    """Classes that are given by name as their numbers; others as they are.

    Raises:
        ValueError: a name is none of the classes'.
    """
    listed = classes.tolist() if hasattr(classes, "tolist") else list(classes)
    if not any(isinstance(label, str) for label in listed):
        return classes
    return [names.index(name) for name in find_classes(listed, names)]


def class_name(label: object, names: Sequence[str] | None, where: str) -> str:
    """The name of a label's class: a ClassLabel's name, a string as it is, a number as text.

    Args:
        label: what stands in the label column.
        names: of the ClassLabel; None for a column of strings or numbers.
        where: which row, for the message.

    Raises:
        ValueError: what is no class.
    """
    if names is not None and isinstance(label, int) and 0 <= label < len(names):
        return names[label]
    if names is None and isinstance(label, str) and class_key(label):
        return label
    if names is None and isinstance(label, int):
        return str(int(label))
    # A float only where it is exact, as of integers beside a NaN.
    if names is None and isinstance(label, float) and label.is_integer() and abs(label) < 2**53:
        return str(int(label))
    raise ValueError(
        f"{where} (counted from 0) has no class, but label {label!r}: {REMOVE_OR_FILL}"
    )


def ambiguous_texts(rows: Iterable[Row]) -> set[str]:
    """Normalised texts that occur under two classes, so that no one class is right for them."""
    first_class: dict[str, str] = {}
    return {
        text
        for text, class_name in ((normalised(row.text), row.class_name) for row in rows)
        if first_class.setdefault(text, class_name) != class_name
    }


def build_table(
    rows: Collection[Row],
    source: str,
    published_split: Mapping[str, tuple[str, ...]] | None = None,
) -> LabelledTable:
    """Number the classes (in name order) and the groups (in row order).

    Args:
        rows: the rows; a class has one spelling in all of them (see ``class_spellings``).
        source: where they come from.
        published_split: class names by part.
    """
    classes = tuple(sorted({row.class_name for row in rows}))
    number = {name: index for index, name in enumerate(classes)}
    return LabelledTable(
        texts=tuple(row.text for row in rows),
        labels=tuple(number[row.class_name] for row in rows),
        classes=classes,
        groups=_number_groups((row.class_name, row.group) for row in rows),
        source=source,
        published_split=published_split,
    )


def find_classes(names: Iterable[str], classes: Collection[str]) -> tuple[str, ...]:
    """The classes with these names, however the names are written (see ``class_key``).

    Raises:
        ValueError: a name is none of theirs; with the classes there are.
    """
    by_key = {class_key(name): name for name in classes}
    wanted = list(names)
    missing = [name for name in wanted if class_key(name) not in by_key]
    if missing:
        known = sorted(classes)
        more = f", … ({len(known)} in all)" if len(known) > MOST_NAMED else ""
        raise ValueError(
            f"no class named {missing[:MOST_NAMED]}; the classes are: "
            f"{', '.join(known[:MOST_NAMED])}{more}"
        )
    return tuple(by_key[class_key(name)] for name in wanted)


def _number_groups(keys: Iterable[Hashable]) -> tuple[int, ...]:
    numbers: dict[Hashable, int] = {}
    return tuple(numbers.setdefault(key, len(numbers)) for key in keys)
