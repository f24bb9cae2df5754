"""Deal N-way K-shot episodes from a labelled table and look at their sentences."""

from __future__ import annotations

from functools import lru_cache
from html import escape

import torch

from metalearn_lab.explorers.controls import choice, number, slider
from metalearn_lab.explorers.episode_cards import episode_cards
from metalearn_lab.explorers.explorer import Explorer, View, html_view
from metalearn_lab.explorers.lifetime import weak_method
from metalearn_lab.tasks.class_splits import ClassSplit
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.table import LabelledTable

_MOST_ADDRESS = 9999


class EpisodeExplorer(Explorer):
    """Controls for N, K, Q, split, seed and index; a card for each class of the episode.

    Args:
        table: the labelled texts.
        classes: the class-disjoint parts to deal from.
        language: code of the texts' language, for screen readers.
        ways: N at the start.
        shots: K at the start.
        queries: Q at the start.
    """

    def __init__(
        self,
        table: LabelledTable,
        classes: ClassSplit,
        *,
        language: str = "en",
        ways: int = 5,
        shots: int = 1,
        queries: int = 2,
    ) -> None:
        self.table, self.classes, self.language = table, classes, language
        self._sampler = lru_cache(maxsize=64)(weak_method(self._make_sampler))
        super().__init__(
            {
                "ways": slider("ways N", ways, 2, 15),
                "shots": slider("shots K", shots, 1, 10),
                "queries": slider("queries Q", queries, 1, 10),
                "split": choice("split", list(ClassSplit._fields), "train"),
                "seed": number("seed", 0, 0, _MOST_ADDRESS),
                "index": number("episode index", 0, 0, _MOST_ADDRESS),
            }
        )

    def view(
        self, *, ways: int, shots: int, queries: int, split: str, seed: int, index: int
    ) -> View:
        """The episode at (seed, split, index), or why there is none."""
        try:
            sampler = self._sampler(ways, shots, queries, split, seed)
        except ValueError as refusal:
            return html_view(
                f'<p role="alert"><strong>No such episode.</strong> {escape(str(refusal))}.</p>',
                f"No such episode. {refusal}.",
            )
        address = f"Episode (seed {seed}, {split}, index {index})"
        size = (
            f"{ways}-way {shots}-shot: {ways * shots} support and {ways * queries} query sentences"
        )
        return html_view(
            f"<p><strong>{address}</strong>, {size}</p>"
            + episode_cards(sampler.episode(index), self.table, language=self.language),
            f"{address}, {size}",
        )

    def _make_sampler(
        self, ways: int, shots: int, queries: int, split: str, seed: int
    ) -> EpisodeSampler:
        return EpisodeSampler(
            torch.arange(len(self.table)),
            self.table.labels,
            ways=ways,
            shots=shots,
            queries=queries,
            classes=getattr(self.classes, split),
            groups=self.table.groups,
            split=split,
            seed=seed,
            class_names=self.table.classes,
        )
