"""Assertions that catch what leaks from test into training, or from query into support."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from torch import Tensor

from metalearn_lab.tasks.class_splits import ClassSplit
from metalearn_lab.tasks.episodes import Episode
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.text_identity import normalised


class LeakError(AssertionError):
    """What was to be unseen has been seen; the message says what and where."""


def assert_class_disjoint(split: ClassSplit) -> None:
    """No class stands in two parts of the split.

    Raises:
        LeakError: with the two parts and the classes they share.
    """
    for one, other, shared in _shared({name: set(part) for name, part in split._asdict().items()}):
        raise LeakError(
            f"classes {shared} are in both {one} and {other}: accuracy on {other} would "
            "measure memory of these classes, not learning of new ones"
        )


def assert_episode_is_clean(episode: Episode, groups: Sequence[int] | Tensor | None = None) -> None:
    """No item stands twice in the episode, no class has two labels, no group is on both sides.

    Args:
        episode: the episode.
        groups: group of each table row; None checks items and classes only.

    Raises:
        LeakError: with the rows, classes or groups at fault.
    """
    rows = {"support": episode.support_rows.tolist(), "query": episode.query_rows.tolist()}
    for _, _, shared in _shared({side: set(side_rows) for side, side_rows in rows.items()}):
        raise LeakError(f"rows {shared} are in both support and query: their labels are given away")
    for side, side_rows in rows.items():
        repeated = sorted(row for row, count in Counter(side_rows).items() if count > 1)
        if repeated:
            raise LeakError(
                f"rows {repeated} stand more than once in {side}: fewer items than it says"
            )
    classes = episode.classes.tolist()
    if len(set(classes)) < len(classes):
        raise LeakError(f"one class has two labels in the episode: its classes are {classes}")
    if groups is None:
        return
    for _, _, shared in _shared(
        {side: {int(groups[row]) for row in side_rows} for side, side_rows in rows.items()}
    ):
        raise LeakError(
            f"groups {shared} have rows in both support and query: near copies of support items "
            "make the query easy"
        )


def assert_split_texts_disjoint(table: LabelledTable, split: ClassSplit) -> None:
    """No sentence stands under classes of two parts, however it is written (see ``normalised``).

    Raises:
        LeakError: with the two parts, how many texts they share, and one of them.
    """
    texts: dict[str, set[str]] = {}
    for part, classes in split._asdict().items():
        rows = zip(table.texts, table.labels, strict=True)
        texts[part] = {normalised(text) for text, label in rows if label in classes}
    for one, other, shared in _shared(texts):
        raise LeakError(
            f"{len(shared)} texts are in both {one} and {other}, for example {shared[0]!r}: "
            "drop them from one part"
        )


def _shared(parts: Mapping[str, set[Any]]) -> Iterator[tuple[str, str, list[Any]]]:
    """Each two parts that share something, and what they share in rising order."""
    for (one_name, one_set), (other_name, other_set) in combinations(parts.items(), 2):
        if one_set & other_set:
            yield one_name, other_name, sorted(one_set & other_set)
