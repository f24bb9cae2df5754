"""A labelled table of texts: the one shape that every source is brought to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class LabelledTable:
    """Texts with one class each, and the groups that must stay on one side of an episode.

    Attributes:
        texts: one text a row.
        labels: class of each row, an index into ``classes``.
        classes: class names, sorted, no name twice.
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
        if len(set(self.classes)) < len(self.classes):
            repeated = [name for name, count in Counter(self.classes).items() if count > 1]
            raise ValueError(f"class names must differ, but {repeated} occur more than once")
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
        check_classes_exist((name,), self.classes)
        wanted = self.classes.index(name)
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


def normalised(text: str) -> str:
    """The text by which two rows count as one sentence: case folded, white space collapsed."""
    return " ".join(text.casefold().split())


def text_groups(texts: Iterable[str]) -> tuple[int, ...]:
    """Group number of each text; equal sentences, and no others, share a group."""
    return _numbered(normalised(text) for text in texts)


def labelled_columns(
    dataset: Dataset, text_column: str, label_column: str
) -> tuple[list[str], list[int], list[str] | None]:
    """Texts, class numbers and, where there are any, class names of a ``datasets.Dataset``.

    Args:
        dataset: any data set with the two columns.
        text_column: name of the text column.
        label_column: name of the label column, ClassLabel or integers, or strings, which are
            numbered in sorted order.

    Raises:
        ValueError: a column is missing.
    """
    for column in (text_column, label_column):
        if column not in dataset.column_names:
            raise ValueError(f"no column {column!r}; the columns are {dataset.column_names}")
    texts, labels = list(dataset[text_column]), list(dataset[label_column])
    names = getattr(dataset.features[label_column], "names", None)
    if labels and all(isinstance(label, str) for label in labels):
        names = sorted(set(labels))
        labels = [names.index(label) for label in labels]
    return texts, labels, names


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
    """Number the classes (in name order) and the groups (in row order)."""
    classes = tuple(sorted({row.class_name for row in rows}))
    number = {name: index for index, name in enumerate(classes)}
    return LabelledTable(
        texts=tuple(row.text for row in rows),
        labels=tuple(number[row.class_name] for row in rows),
        classes=classes,
        groups=_numbered((row.class_name, row.group) for row in rows),
        source=source,
        published_split=published_split,
    )


def check_classes_exist(names: Iterable[str], classes: Iterable[str]) -> None:
    """Raise ValueError, with the classes there are, when a name is not one of them."""
    there = sorted(classes)
    missing = [name for name in names if name not in there]
    if missing:
        raise ValueError(f"no class named {missing}; the classes are: {', '.join(there)}")


def _numbered(keys: Iterable[Hashable]) -> tuple[int, ...]:
    numbers: dict[Hashable, int] = {}
    return tuple(numbers.setdefault(key, len(numbers)) for key in keys)
