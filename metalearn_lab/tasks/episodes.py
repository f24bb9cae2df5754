"""N-way K-shot episodes from a labelled table, addressable by (seed, split, index)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
from torch import Tensor

from metalearn_lab.tasks import episode_checks as checks
from metalearn_lab.tasks.dealing import index_classes
from metalearn_lab.tasks.episode_draw import Draw, draw_episodes
from metalearn_lab.tasks.integer_column import integer_column
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.table import (
    class_numbers,
    labelled_columns,
    numbered_labels,
    text_groups,
)
from metalearn_lab.tasks.types import Split, Task, select_tasks

if TYPE_CHECKING:
    from datasets import Dataset


class Episode(NamedTuple):
    """One episode, and where in the table its items come from.

    Items stand shot by shot: the first ``ways`` rows are one item of each class, and so on.

    Attributes:
        task: support ``x [ways * shots, ...]``, query ``x [ways * queries, ...]``; ``y`` in
            0..ways-1, the classes relabelled anew in every episode.
        support_rows: table rows of the support items, ``[ways * shots]``.
        query_rows: table rows of the query items, ``[ways * queries]``.
        classes: table class of label 0..ways-1, ``[ways]``.
    """

    task: Task
    support_rows: Tensor
    query_rows: Tensor
    classes: Tensor


class EpisodeSampler:
    """Draws episodes; the same address gives the same episode everywhere and in any order.

    Every episode has ``ways`` distinct classes of the split, and of each class ``shots`` support
    and ``queries`` query items, no item twice and no group on both sides. All that could prevent
    this is refused at construction, so a draw never fails.

    Args:
        x: encoded items, ``[rows, ...]``, of any type; a tensor, or an array of NumPy and the like.
        labels: class of each row, ``[rows]``: whole numbers, 0 or more, with gaps or without; or
            names, which are numbered in sorted order.
        ways: classes an episode (N).
        shots: support items a class (K).
        queries: query items a class (Q).
        classes: the classes of this split, by number or by name; all of the table if None.
        groups: group of each row, ``[rows]``; a group lies within one class and is dealt whole
            to support or to query. Every row is its own group if None.
        split: name of the split; part of the address.
        seed: part of the address.
        class_names: name of each class, for messages; labels must then lie below their number.

    Raises:
        ValueError: counts out of range, columns that do not fit each other, NaN or infinity in
            ``x``, labels out of range, classes that are unknown or too few, a group in two
            classes, or a class whose groups cannot be dealt (see ``dealing.find_support_groups``).
        TypeError: labels, groups or classes that are not integers, or items that are no numbers.
    """

    def __init__(
        self,
        x: Tensor,
        labels: Sequence[int] | Sequence[str] | Tensor,
        *,
        ways: int,
        shots: int,
        queries: int,
        classes: Sequence[int] | Sequence[str] | None = None,
        groups: Sequence[int] | Tensor | None = None,
        split: str = "train",
        seed: int = 0,
        class_names: Sequence[str] | None = None,
    ) -> None:
        """Check everything once, then index the items."""
        checks.check_counts(ways, shots, queries)
        x = checks.item_tensor(x)
        if class_names is None:
            labels, class_names = numbered_labels(labels)
        label_of = integer_column("labels", cast("Sequence[int]", labels))
        group_of = integer_column("groups", torch.arange(len(x)) if groups is None else groups)
        checks.check_columns(x, label_of, group_of)
        checks.check_labels_in_range(label_of, class_names)
        known = torch.unique(label_of)
        if classes is not None and class_names is not None:
            classes = class_numbers(classes, class_names)
        wanted = integer_column("classes", known if classes is None else cast("Any", classes))
        own = wanted.sort().values
        self.classes: tuple[int, ...] = tuple(own.tolist())
        checks.check_classes(self.classes, known.tolist(), ways, split)
        names = {n: str(n) if class_names is None else class_names[n] for n in self.classes}
        checks.check_groups_within_classes(label_of, group_of, own, names)
        self.x, self.split, self.seed = x, split, seed
        self.ways, self.shots, self.queries = ways, shots, queries
        self.class_names = names
        self._items = index_classes(label_of, group_of, own)
        self._fallback_deal = checks.find_fallback_deal(
            self._items, names, shots=shots, queries=queries
        )

    @classmethod
    def from_dataset(
        cls,
        dataset: Dataset,
        label_column: str,
        encode: Callable[[list[str]], Tensor],
        *,
        ways: int,
        shots: int,
        queries: int,
        text_column: str = "text",
        classes: Sequence[int] | None = None,
        split: str = "train",
        seed: int = 0,
    ) -> EpisodeSampler:
        """A sampler over a ``datasets.Dataset``; rows of the same sentence share a group.

        Args:
            dataset: a dataset with a column of texts and one of labels.
            label_column: name of the label column, ClassLabel or whole numbers, or strings, which
                are numbered in sorted order.
            encode: turns the list of texts into ``x``, ``[rows, ...]``.
            text_column: name of the text column.
            ways: classes an episode.
            shots: support items a class.
            queries: query items a class.
            classes: the classes of this split; all of them if None.
            split: name of the split; part of the address.
            seed: part of the address.

        Raises:
            ValueError: a column is missing, a row has no text or no class, or anything the
                sampler refuses.
        """
        texts, labels, names = labelled_columns(dataset, text_column, label_column)
        return cls(
            encode(texts),
            labels,
            ways=ways,
            shots=shots,
            queries=queries,
            classes=classes,
            groups=text_groups(texts),
            split=split,
            seed=seed,
            class_names=names,
        )

    def episode(self, index: int) -> Episode:
        """The episode at (seed, split, index).

        Raises:
            ValueError: a negative index.
        """
        draw = self._draw(index, 1)
        task = select_tasks(self._task(draw), 0)
        classes = torch.tensor(self.classes)[draw.classes[0]]
        return Episode(task, draw.support_rows[0], draw.query_rows[0], classes)

    def batch(self, first: int, count: int) -> Task:
        """Episodes ``first`` to ``first + count - 1``, stacked on a leading task axis.

        Raises:
            ValueError: a negative index, or a count below 1.
        """
        return self._task(self._draw(first, count))

    def batch_with_classes(self, first: int, count: int) -> tuple[Task, Tensor]:
        """``batch(first, count)``, and which class of the table each label is.

        Returns:
            The batch; the table class of label 0, …, ways − 1, ``[tasks, ways]``.

        Raises:
            ValueError: a negative index, or a count below 1.
        """
        draw = self._draw(first, count)
        return self._task(draw), torch.tensor(self.classes)[draw.classes]

    def pretraining_batch(self, first: int, count: int) -> Task:
        """The items of ``batch(first, count)`` as one task over all the classes of the split.

        What learning without episodes sees under an equal budget of data: the same support and
        query items, with one fixed label a class.

        Returns:
            A batch of one task, ``x [1, count * ways * (shots + queries), ...]``, support and
            query alike; ``y`` is the position of the class in ``self.classes``.

        Raises:
            ValueError: a negative index, or a count below 1.
        """
        draw = self._draw(first, count)
        rows = torch.cat([draw.support_rows, draw.query_rows], dim=1).reshape(1, -1)
        y = draw.classes.repeat(1, self.shots + self.queries).reshape(1, -1)
        everything = Split(self.x[rows.to(self.x.device)], y.to(self.x.device))
        return Task(everything, everything)

    def _task(self, draw: Draw) -> Task:
        support = self._split(draw.support_rows, self.shots)
        return Task(support, self._split(draw.query_rows, self.queries))

    def _split(self, rows: Tensor, of_a_class: int) -> Split:
        y = torch.arange(self.ways, device=self.x.device).repeat(len(rows), of_a_class)
        return Split(self.x[rows.to(self.x.device)], y)

    def _draw(self, first: int, count: int) -> Draw:
        checks.check_address(first, count)
        addresses = range(first, first + count)
        return draw_episodes(
            self._items,
            self._fallback_deal,
            [generator("episode", self.seed, self.split, index) for index in addresses],
            ways=self.ways,
            shots=self.shots,
            queries=self.queries,
        )
