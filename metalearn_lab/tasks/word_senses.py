"""Twenty words with two senses each, ten sentences a sense, written by hand: a word is a task."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Task, stack_tasks

WORD_SENSES = Path(__file__).parent / "word_senses.csv"
"""Columns ``lemma``, ``sense`` and ``sentence``; the word stands once in each sentence."""

WAYS = 2
"""Senses of a word."""


@dataclass(frozen=True)
class SenseTable:
    """Sentences, the word that each is about, and its sense there.

    Attributes:
        sentences: their texts.
        words: one of each, as it stands in the sentence.
        senses: the name of its sense.
    """

    sentences: tuple[str, ...]
    words: tuple[str, ...]
    senses: tuple[str, ...]

    @property
    def lemmas(self) -> tuple[str, ...]:
        """The words, each once, sorted."""
        return tuple(sorted(set(self.words)))

    @property
    def classes(self) -> tuple[tuple[str, str], ...]:
        """Word and sense, each pair once, sorted: the two senses of a word are neighbours."""
        return tuple(sorted(set(zip(self.words, self.senses, strict=True))))

    @property
    def labels(self) -> tuple[int, ...]:
        """Of each sentence, the index of its class."""
        index = {name: i for i, name in enumerate(self.classes)}
        return tuple(index[pair] for pair in zip(self.words, self.senses, strict=True))

    def tokens(self) -> Iterator[tuple[list[str], int]]:
        """The words and marks of each sentence, and the place of its own word among them."""
        for sentence, word in zip(self.sentences, self.words, strict=True):
            found = re.findall(r"\w+|[^\w\s]", sentence)
            yield found, [token.lower() for token in found].index(word)


def word_senses() -> SenseTable:
    """The table that is written by hand."""
    with WORD_SENSES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = (tuple(row[name] for row in rows) for name in ("sentence", "lemma", "sense"))
    return SenseTable(*columns)


def split_lemmas(
    lemmas: Sequence[str], seed: int, *, validation: int = 3, test: int = 5
) -> dict[str, tuple[str, ...]]:
    """Words to train on, to choose by and to test on: no word is in two parts.

    Args:
        lemmas: all words.
        seed: another one splits in another way.
        validation: how many words to choose by.
        test: how many to test on.

    Raises:
        ValueError: no word is left to train on.
    """
    if len(lemmas) <= validation + test:
        raise ValueError(f"{len(lemmas)} words leave none to train on: more are needed")
    order = torch.randperm(len(lemmas), generator=generator("lemmas", seed)).tolist()
    shuffled = [lemmas[i] for i in order]
    return {
        "test": tuple(shuffled[:test]),
        "validation": tuple(shuffled[test : test + validation]),
        "train": tuple(shuffled[test + validation :]),
    }


class SenseEpisodes:
    """Episodes that take all their classes from one word, drawn anew for each episode.

    Args:
        table: sentences and senses, two for each word.
        x: vectors of the sentences, ``[rows, dim]``.
        lemmas: words to draw from.
        shots: K, support sentences a sense.
        queries: query sentences a sense.
        name: part of the address; another one draws other episodes.
        rows: which rows may be drawn, by word; all of them if None.

    Attributes:
        x: as given.
        samplers: of each word.

    Raises:
        ValueError: no words, or a word has not two senses with sentences enough.
    """

    def __init__(
        self,
        table: SenseTable,
        x: torch.Tensor,
        lemmas: Sequence[str],
        *,
        shots: int,
        queries: int,
        name: str,
        rows: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        if not lemmas:
            raise ValueError("no words to draw from: give at least one")
        labels = torch.tensor(table.labels)
        self.x, self.name = x, name
        self.samplers = {}
        for lemma in lemmas:
            own = [i for i, word in enumerate(table.words) if word == lemma]
            kept = torch.tensor(own if rows is None else list(rows[lemma]))
            self.samplers[lemma] = EpisodeSampler(
                x[kept.to(x.device)],
                labels[kept],
                ways=WAYS,
                shots=shots,
                queries=queries,
                split=f"{name} {lemma}",
            )

    def batch(self, first: int, count: int) -> Task:
        """Episodes ``first`` to ``first + count - 1``, each of a word that is drawn."""
        names = list(self.samplers)
        drawn = [
            int(torch.randint(len(names), (1,), generator=generator(self.name, "word", index)))
            for index in range(first, first + count)
        ]
        episodes = [self.samplers[names[n]].episode(first + i).task for i, n in enumerate(drawn)]
        return stack_tasks(episodes)
