"""Classify an unseen episode yourself, sentence by sentence, then see what methods made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from html import escape
from typing import Any

from torch import Tensor

from metalearn_lab.comparison.world import World
from metalearn_lab.explorers.controls import choice, slider, toggle
from metalearn_lab.explorers.explorer import Explorer, Table, View, html_view, table_html
from metalearn_lab.tasks.episodes import Episode
from metalearn_lab.tasks.seeds import generator

_OPEN, _LETTERS = "–", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class ReaderExplorer(Explorer):
    """Controls for the episode, the sentence and the reader's answer; the answers are kept.

    Classes are shown as letters with their support sentences, without their names. An answer leads
    on to the next sentence that has none. Truth and rivals are shown once all have an answer, or
    once the reader uncovers them.

    Args:
        world: its test episodes are asked about.
        guesses: of each rival, by its title: predicted labels ``[episodes, queries]`` of the
            test episodes from the first; as many episodes can be picked.

    Raises:
        ValueError: no rival, or more classes than letters.
    """

    def __init__(self, world: World, guesses: Mapping[str, Tensor]) -> None:
        if not guesses or not 2 <= world.ways <= len(_LETTERS):
            raise ValueError(
                f"give a rival's guesses and a world of 2 to {len(_LETTERS)} ways, got "
                f"{len(guesses)} rivals and {world.ways} ways"
            )
        self.world, self.guesses = world, dict(guesses)
        self.letters = _LETTERS[: world.ways]
        self.answers: dict[int, dict[int, str]] = defaultdict(dict)
        self._sampler, self._is_moving = world.row_sampler("test"), False
        self.queries = world.ways * world.queries
        count = min(len(each) for each in guesses.values())
        super().__init__(
            {
                "episode": slider("episode", 0, 0, count - 1),
                "sentence": slider("sentence", 1, 1, self.queries),
                "answer": choice("your class", [_OPEN, *self.letters], _OPEN),
                "uncover": toggle("uncover the right classes", False),
            }
        )

    def order(self, episode: int) -> list[int]:
        """In which the query items are asked, so that their place tells nothing."""
        from torch import randperm

        numbers = generator("reader's order", self.world.split_seed, episode)
        return randperm(self.queries, generator=numbers).tolist()

    def redraw(self, change: Any = None) -> View:
        """Keep an answer and go on to the next sentence without one; show what is asked now."""
        if self._is_moving:
            return self.current_view
        if change is not None:
            self._is_moving = True
            self._follow(change)
            self._is_moving = False
        return super().redraw(change)

    def _follow(self, change: Any) -> None:
        episode, sentence, answer = (self.controls[n] for n in ("episode", "sentence", "answer"))
        given = self.answers[episode.value]
        if change["owner"] is answer:
            if answer.value == _OPEN:
                given.pop(sentence.value, None)
                return
            given[sentence.value] = answer.value
            later = (sentence.value + i for i in range(1, self.queries))
            asked = ((place - 1) % self.queries + 1 for place in later)
            sentence.value = next((place for place in asked if place not in given), sentence.value)
        elif change["owner"] is episode:
            sentence.value = 1
        answer.value = given.get(sentence.value, _OPEN)

    def view(self, *, episode: int, sentence: int, answer: str, uncover: bool) -> View:
        """The support sentences, the sentence that is asked about, and in the end the count."""
        drawn, given = self._sampler.episode(episode), self.answers[episode]
        order = self.order(episode)
        row = int(drawn.query_rows[order[sentence - 1]])
        said = f"Sentence {sentence} of {self.queries}. You have answered {len(given)}."
        asked = f"<p>{said}</p><blockquote><strong>{escape(self._text(row))}</strong></blockquote>"
        html = table_html(self._support(drawn)) + asked
        if uncover or len(given) == self.queries:
            counts = self._counts(drawn, episode, order)
            said = f"{said} {counts}"
            html += f"<p><strong>{escape(counts)}</strong></p>" + table_html(
                self._truth(drawn, episode, order)
            )
        return html_view(html, said)

    def _text(self, row: int) -> str:
        return self.world.table.texts[row]

    def _support(self, drawn: Episode) -> Table:
        pairs = sorted(zip(drawn.task.support.y.tolist(), drawn.support_rows.tolist(), strict=True))
        rows = [(self.letters[label], self._text(row)) for label, row in pairs]
        return Table("What you are given: classes and their sentences", ("class", "sentence"), rows)

    def _counts(self, drawn: Episode, episode: int, order: list[int]) -> str:
        """How many are right, of those that the reader has answered."""
        given = self.answers[episode]
        places = [order[place - 1] for place in given] or order
        truth = drawn.task.query.y
        mine = sum(given[p] == self.letters[truth[order[p - 1]]] for p in given)
        rivals = {n: int((g[episode] == truth)[places].sum()) for n, g in self.guesses.items()}
        scores = {"you": mine, **rivals} if given else rivals
        told = "; ".join(f"{name}: {right} of {len(places)}" for name, right in scores.items())
        return f"Right answers. {told}."

    def _truth(self, drawn: Episode, episode: int, order: list[int]) -> Table:
        given, truth = self.answers[episode], drawn.task.query.y
        rows = [
            (
                self._text(int(drawn.query_rows[item])),
                self.letters[truth[item]],
                given.get(place, _OPEN),
                *(self.letters[int(g[episode, item])] for g in self.guesses.values()),
            )
            for place, item in enumerate(order, 1)
        ]
        columns = ("sentence", "right", "you", *self.guesses)
        return Table("All sentences of the episode", columns, rows)
