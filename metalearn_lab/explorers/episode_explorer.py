"""Deal an N-way K-shot episode card by card, and classify its query sentences yourself."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import Any

import torch

from metalearn_lab.explorers.controls import choice, number, slider, toggle
from metalearn_lab.explorers.episode_cards import deal_cards, deal_html
from metalearn_lab.explorers.explorer import Explorer, View, html_view
from metalearn_lab.explorers.lifetime import weak_method
from metalearn_lab.tasks.class_splits import ClassSplit
from metalearn_lab.tasks.episodes import Episode, EpisodeSampler
from metalearn_lab.tasks.table import LabelledTable

_MOST_INDEX = 9999
_TEMPLATES, _SENTENCES = "templates", "sentences only"


class EpisodeExplorer(Explorer):
    """Controls for the number of cards dealt, N, K, Q, the split and the episode's index.

    It opens with the support set and one query card on the table.

    Args:
        table: the labelled texts.
        classes: the class-disjoint parts to deal from.
        language: code of the texts' language, for screen readers.
        ways: N at the start.
        shots: K at the start.
        queries: Q at the start.
        split: the part at the start.
        seed: of the episodes' address.
        siblings: whether there is a control for what is kept apart, templates or sentences, and
            query cards say whether their template is in the support set. It then opens with
            all cards on the table, at the first episode with siblings on both sides.
    """

    def __init__(
        self,
        table: LabelledTable,
        classes: ClassSplit,
        *,
        language: str = "en",
        ways: int = 3,
        shots: int = 2,
        queries: int = 1,
        split: str = "train",
        seed: int = 0,
        siblings: bool = False,
    ) -> None:
        self.table, self.classes = table, classes
        self.language, self.seed, self.siblings = language, seed, siblings
        self._sampler = lru_cache(maxsize=64)(weak_method(self._make_sampler))
        cards = ways * (1 + shots + queries) if siblings else ways * (1 + shots) + 1
        self._cards_asked_for, self._is_resizing = cards, False
        index = 0
        if siblings:
            sampler = self._make_sampler(ways, shots, queries, split, _SENTENCES)
            index = next((i for i in range(100) if self._has_sibling(sampler.episode(i))), 0)
        controls = {
            "cards": slider("cards dealt", cards, 0, ways * (1 + shots + queries)),
            "ways": slider("ways N", ways, 2, 6),
            "shots": slider("shots K", shots, 1, 3),
            "queries": slider("queries Q", queries, 1, 2),
            "split": choice("split", list(ClassSplit._fields), split),
            "index": number("episode", index, 0, _MOST_INDEX),
            "uncover": toggle("uncover names and labels", False),
        }
        if siblings:
            controls["apart"] = choice("kept apart", [_SENTENCES, _TEMPLATES], _SENTENCES)
        super().__init__(controls)

    def redraw(self, change: Any = None) -> View:
        """Show what the controls say now; the slider of cards ends with the episode's last card.

        A smaller episode may have fewer cards than the reader asked for; a larger one after it
        shows as many as were asked for again.
        """
        if self._is_resizing:
            return self.current_view
        cards = self.controls["cards"]
        if change is not None and change["owner"] is cards:
            self._cards_asked_for = cards.value
        ways, shots, queries = (self.controls[name].value for name in ("ways", "shots", "queries"))
        self._is_resizing = True
        cards.max = ways * (1 + shots + queries)
        cards.value = min(self._cards_asked_for, cards.max)
        self._is_resizing = False
        return super().redraw(change)

    def view(
        self,
        *,
        cards: int,
        ways: int,
        shots: int,
        queries: int,
        split: str,
        index: int,
        uncover: bool,
        apart: str = _TEMPLATES,
    ) -> View:
        """The first cards of the episode at (seed, split, index), or why there is none."""
        try:
            sampler = self._sampler(ways, shots, queries, split, apart)
        except ValueError as refusal:
            return html_view(
                f'<p role="alert"><strong>No such episode.</strong> {escape(str(refusal))}.</p>',
                f"No such episode. {refusal}.",
            )
        deal = deal_cards(sampler.episode(index), cards, seed=self.seed, index=index)
        said = (
            f"Episode {index} of {split}, {ways}-way {shots}-shot. On the table: "
            f"{len(deal.classes)} of {ways} classes, {len(deal.support)} of {ways * shots} support "
            f"cards, {len(deal.query)} of {ways * queries} query cards."
        )
        return html_view(
            f"<p>{said}</p>"
            + deal_html(
                deal,
                self.table,
                language=self.language,
                uncovered=uncover,
                tell_siblings=self.siblings,
            ),
            said,
        )

    def _has_sibling(self, episode: Episode) -> bool:
        support, query = (
            {self.table.groups[row] for row in rows.tolist()}
            for rows in (episode.support_rows, episode.query_rows)
        )
        return not support.isdisjoint(query)

    def _make_sampler(
        self, ways: int, shots: int, queries: int, split: str, apart: str
    ) -> EpisodeSampler:
        return EpisodeSampler(
            torch.arange(len(self.table)),
            self.table.labels,
            ways=ways,
            shots=shots,
            queries=queries,
            classes=getattr(self.classes, split),
            groups=self.table.groups if apart == _TEMPLATES else None,
            split=split,
            seed=self.seed,
            class_names=self.table.classes,
        )
