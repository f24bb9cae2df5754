"""Which of N sentences belongs to this one? The next, an answer, or a translation, as episodes.

A match is two texts that belong together. A task has N matches of one source (an author, or a
language): the first texts are the support, one for each class, and the second texts are the query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

from metalearn_lab.tasks.docstrings import authors, documents
from metalearn_lab.tasks.episode_checks import check_address
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

TRANSLATED = ("ca", "da", "de", "es", "fr", "it", "nb", "nl", "pt", "ro", "sv")
"""Languages in Latin letters, to match with English."""

_SLOT, _SHORTEST = re.compile(r"[{}]"), 8


class Match(NamedTuple):
    """Two texts that belong together.

    Attributes:
        first: in the support.
        second: in the query.
        source: who wrote them, or the language; a task has one source.
        group: of matches of a source; a task takes at most one of a group.
    """

    first: str
    second: str
    source: str
    group: int


@dataclass(frozen=True)
class Matches:
    """Matches as one list of texts: text 2i is the first and 2i + 1 the second of match i."""

    matches: tuple[Match, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """First, second, first, second, and so on."""
        return tuple(text for match in self.matches for text in match[:2])


class MatchSampler:
    """Deals matching tasks: N matches of one source, each of another group.

    The same address gives the same task everywhere.

    Args:
        x: encoded ``matches.texts``, ``[2 · matches, ...]``.
        matches: to deal.
        ways: N.
        sources: those to deal from; all if None.
        split: part of the address.
        seed: part of the address.

    Raises:
        ValueError: texts that do not fit, or a source that is missing or has too few groups.
    """

    def __init__(
        self,
        x: Tensor,
        matches: Matches,
        *,
        ways: int,
        sources: Sequence[str] | None = None,
        split: str = "train",
        seed: int = 0,
    ) -> None:
        if len(x) != 2 * len(matches.matches):
            raise ValueError(f"{len(x)} encoded texts for {len(matches.matches)} matches: give two")
        rows: dict[str, dict[int, list[int]]] = {}
        for row, match in enumerate(matches.matches):
            rows.setdefault(match.source, {}).setdefault(match.group, []).append(row)
        wanted = list(rows) if sources is None else list(sources)
        if few := [name for name in wanted if len(rows.get(name, ())) < ways]:
            raise ValueError(f"{few} have fewer than {ways} groups of matches: lower ways")
        self.x, self.ways, self.split, self.seed = x, ways, split, seed
        self._rows = [list(rows[name].values()) for name in wanted]

    def batch(self, first: int, count: int) -> Task:
        """Tasks ``first`` to ``first + count - 1``; items ``[tasks, ways, ...]``, labels in order.

        Raises:
            ValueError: a negative index, or a count below 1.
        """
        check_address(first, count)
        rows = torch.tensor([self._deal(index) for index in range(first, first + count)])
        rows = rows.to(self.x.device)
        y = torch.arange(self.ways, device=self.x.device).repeat(count, 1)
        return Task(Split(self.x[2 * rows], y), Split(self.x[2 * rows + 1], y))

    def _deal(self, index: int) -> list[int]:
        numbers = generator("matches", self.seed, self.split, index)
        groups = self._rows[int(torch.randint(len(self._rows), (), generator=numbers))]
        chosen = torch.randperm(len(groups), generator=numbers)[: self.ways].tolist()
        return [
            groups[g][int(torch.randint(len(groups[g]), (), generator=numbers))] for g in chosen
        ]


def next_sentences(names: Sequence[str]) -> Matches:
    """A sentence and the one that follows it in its docstring.

    Args:
        names: of authors.
    """
    return Matches(
        tuple(
            Match(one, other, name, number)
            for name, number, sentences in _documents(names)
            for one, other in pairwise(sentences)
        )
    )


def answers(names: Sequence[str]) -> Matches:
    """The first sentence of a docstring, which says what for, and the last: never its neighbour.

    Args:
        names: of authors.
    """
    return Matches(
        tuple(
            Match(sentences[0], sentences[-1], name, number)
            for name, number, sentences in _documents(names)
            if len(sentences) > 2
        )
    )


def _documents(names: Sequence[str]) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Author, number and sentences of docstrings, without those that share a sentence."""
    for name in names:
        own, seen = set(authors()[name]), set[str]()
        for number, sentences in enumerate(documents()[name]):
            fresh = own.issuperset(sentences) and not seen.intersection(sentences)
            if fresh and len(set(sentences)) == len(sentences):
                seen.update(sentences)
                yield name, number, sentences


def translations(languages: Sequence[str] = TRANSLATED) -> Matches:
    """What a voice assistant answers, in English and in another language: strings without gaps.

    Args:
        languages: codes of ``home-assistant-intents``.
    """
    from home_assistant_intents import get_intents

    english = dict(_plain_strings(_responses(get_intents("en"))))
    matches: list[Match] = []
    for language in languages:
        seen: set[str] = set()
        for key, text in _plain_strings(_responses(get_intents(language))):
            source = english.get(key, text)
            if source != text and not seen & {source, text}:
                seen |= {source, text}
                matches.append(Match(source, text, language, len(matches)))
    return Matches(tuple(matches))


def _responses(content: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if content is None:
        raise ValueError("home-assistant-intents has no such language: see get_languages()")
    responses: Mapping[str, Any] = content["responses"]
    return responses


def _plain_strings(part: Any, key: tuple[str, ...] = ()) -> Iterable[tuple[tuple[str, ...], str]]:
    if isinstance(part, Mapping):
        for name, inner in part.items():
            yield from _plain_strings(inner, (*key, name))
    elif isinstance(part, str):
        text = " ".join(part.split())
        if len(text) >= _SHORTEST and not _SLOT.search(text):
            yield key, text
