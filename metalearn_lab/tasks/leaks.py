"""Assertions that catch what leaks from test into training, or from query into support."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

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
    for (one, some), (other, more) in _pairs_of_parts(split):
        shared = sorted(set(some) & set(more))
        if shared:
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
    support, query = episode.support_rows.tolist(), episode.query_rows.tolist()
    shared = sorted(set(support) & set(query))
    if shared:
        raise LeakError(f"rows {shared} are in both support and query: their labels are given away")
    for side, rows in {"support": support, "query": query}.items():
        twice = sorted({row for row in rows if rows.count(row) > 1})
        if twice:
            raise LeakError(
                f"rows {twice} stand more than once in {side}: fewer items than it says"
            )
    classes = episode.classes.tolist()
    if len(set(classes)) < len(classes):
        raise LeakError(f"one class has two labels in the episode: its classes are {classes}")
    if groups is not None:
        _assert_groups_disjoint([int(groups[row]) for row in support], query, groups)


def assert_split_texts_disjoint(table: LabelledTable, split: ClassSplit) -> None:
    """No sentence stands under classes of two parts, however it is written (see ``normalised``).

    Raises:
        LeakError: with the two parts, how many texts they share, and one of them.
    """
    for (one, some), (other, more) in _pairs_of_parts(split):
        shared = sorted(_texts_of(table, some) & _texts_of(table, more))
        if shared:
            raise LeakError(
                f"{len(shared)} texts are in both {one} and {other}, for example {shared[0]!r}: "
                "drop them from one part"
            )


def _pairs_of_parts(
    split: ClassSplit,
) -> Iterator[tuple[tuple[str, tuple[int, ...]], tuple[str, tuple[int, ...]]]]:
    return combinations(split._asdict().items(), 2)


def _texts_of(table: LabelledTable, classes: tuple[int, ...]) -> set[str]:
    wanted = set(classes)
    pairs = zip(table.texts, table.labels, strict=True)
    return {normalised(text) for text, label in pairs if label in wanted}


def _assert_groups_disjoint(
    support_groups: list[int], query: list[int], groups: Sequence[int] | Tensor
) -> None:
    shared = sorted(set(support_groups) & {int(groups[row]) for row in query})
    if shared:
        raise LeakError(
            f"groups {shared} have rows in both support and query: near copies of support items "
            "make the query easy"
        )
