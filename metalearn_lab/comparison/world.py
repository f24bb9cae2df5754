"""The episodes that every method of a comparison shares: one class split, one shot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.tasks.class_splits import (
    ClassSplit,
    published_classes,
    split_classes,
    split_with_one_validation,
)
from metalearn_lab.tasks.dealing import dealable_classes
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.leaks import assert_class_disjoint, assert_split_texts_disjoint
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.text_features import hashed_ngrams

BUCKETS = 4096
"""Size of the hashed n-gram table."""

NGRAMS, TF_IDF, ENCODER = "n-grams", "TF-IDF", "sentence encoder"
REPRESENTATIONS = (NGRAMS, TF_IDF, ENCODER)
"""What a text may be: hashed n-grams, whose embeddings are trained; counts of n-grams, weighted;
the vector of a frozen pretrained encoder."""


@dataclass(frozen=True)
class World:
    """A labelled table cut into class-disjoint parts, and how episodes are drawn from it.

    Attributes:
        table: the labelled texts.
        classes: which classes are trained on, chosen by, and reported on.
        inputs: what stands for every text: of ``representation``, ``[rows, ...]``.
        ways: N.
        shots: K.
        queries: Q.
        split_seed: of the class split and the episodes.
        left_out: names of the classes with too few sentences or templates for such episodes.
        representation: one of ``REPRESENTATIONS``.
    """

    table: LabelledTable
    classes: ClassSplit
    inputs: Tensor
    ways: int
    shots: int
    queries: int
    split_seed: int
    left_out: tuple[str, ...] = ()
    representation: str = NGRAMS

    def sampler(self, part: str, x: Tensor | None = None, seed: int = 0) -> EpisodeSampler:
        """Episodes of a part: ``"train"``, ``"validation"`` or ``"test"``.

        Args:
            part: of the class split.
            x: what stands for a row, ``[rows, ...]``; ``inputs`` when not given. The episodes at
                one address are the same rows whatever ``x`` is.
            seed: of the stream of episodes; another training seed sees other episodes.
        """
        return EpisodeSampler(
            self.inputs if x is None else x,
            self.table.labels,
            ways=self.ways,
            shots=self.shots,
            queries=self.queries,
            classes=getattr(self.classes, part),
            groups=self.table.groups,
            split=f"{part} {self.split_seed}",
            seed=seed,
            class_names=self.table.classes,
        )

    def row_sampler(self, part: str) -> EpisodeSampler:
        """The same episodes with table rows in place of n-grams."""
        return self.sampler(part, torch.arange(len(self.table)))


def make_world(
    table: LabelledTable,
    *,
    ways: int = 5,
    shots: int = 1,
    queries: int = 5,
    split_seed: int = 0,
    classes: ClassSplit | None = None,
    representation: str = NGRAMS,
    device: str | torch.device = "cpu",
) -> World:
    """Cut a table into class-disjoint parts, the published ones where the source has them.

    Args:
        table: any labelled table.
        ways: N, classes of an episode.
        shots: K, support sentences of a class.
        queries: Q, query sentences of a class.
        split_seed: another seed draws another class split, unless a split is published.
        classes: a class split of your own; then ``split_seed`` is that of the episodes alone.
        representation: one of ``REPRESENTATIONS``: what stands for a text.
        device: where that lives.

    Raises:
        ValueError: another split than the published one was asked for, no class has items for
            these shots and queries, or there is no such representation.
        LeakError: a published split is not class-disjoint, or shares texts between its parts.
    """
    if representation not in REPRESENTATIONS:
        known_names = ", ".join(REPRESENTATIONS)
        raise ValueError(f"no representation {representation!r}: use one of {known_names}")
    whole = _drawn_classes(table, split_seed) if classes is None else classes
    assert_class_disjoint(whole)
    assert_split_texts_disjoint(table, whole)
    usable = set(dealable_classes(table.labels, table.groups, shots=shots, queries=queries))
    parts = ClassSplit(*(tuple(c for c in part if c in usable) for part in whole))
    left_out = tuple(n for i, n in enumerate(table.classes) if i not in usable)
    inputs = _inputs(table, representation, device)
    counts = (ways, shots, queries, split_seed)
    return World(table, parts, inputs, *counts, left_out, representation)


def make_worlds(
    table: LabelledTable, splits: int, *, most_train: int | None = None, **settings: Any
) -> list[World]:
    """Class splits to compare methods on: all have the same validation classes.

    Args:
        table: any labelled table.
        splits: how many; where the source publishes its class split, there is only that one.
        most_train: training classes to keep, all if None.
        settings: the other arguments of ``make_world``.

    Raises:
        ValueError: more splits than the source publishes, or see ``make_world``.
    """
    if table.published_split is not None:
        if splits != 1:
            raise ValueError(
                f"the classes are split by the source itself, so there is 1 split, not {splits}"
            )
        return [make_world(table, **settings)]
    dealt = (split_with_one_validation(table, seed=s, most_train=most_train) for s in range(splits))
    return [
        make_world(table, split_seed=seed, classes=classes, **settings)
        for seed, classes in enumerate(dealt)
    ]


def _drawn_classes(table: LabelledTable, seed: int) -> ClassSplit:
    if table.published_split is None:
        return split_classes(table, seed=seed)
    if seed:
        raise ValueError(
            "the classes are split by the source itself, so there is no other split to draw: use "
            "split_seed=0"
        )
    return published_classes(table)


def _inputs(table: LabelledTable, representation: str, device: str | torch.device) -> Tensor:
    if representation == ENCODER:
        return sentence_vectors(table.texts, device=device)
    if representation == NGRAMS:
        return hashed_ngrams(table.texts, buckets=BUCKETS).to(device)
    return torch.arange(len(table), device=device)  # a row; its counts are sparse
