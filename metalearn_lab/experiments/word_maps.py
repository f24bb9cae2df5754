"""Which words of a sentence a learner of class means leans on: leave each one out, and compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.seeds import generator

if TYPE_CHECKING:
    from pandas import DataFrame

Encode = Callable[[Sequence[str]], Tensor]
"""Sentences to vectors, ``[sentences, features]``."""


class WordMap(NamedTuple):
    """What leaving out a word of one sentence does.

    Attributes:
        words: of the sentence.
        whole: cosine of the whole sentence with each class mean, ``[ways]``.
        without: of the sentence without each word, ``[words, ways]``.
    """

    words: list[str]
    whole: Tensor
    without: Tensor

    @property
    def drops(self) -> Tensor:
        """By how much the lead of the predicted class falls without each word, ``[words]``."""
        predicted = int(self.whole.argmax())
        return lead(self.whole, predicted) - lead(self.without, predicted)


def lead(cosines: Tensor, label: int) -> Tensor:
    """The cosine with a class less the largest with another, over the last axis.

    Args:
        cosines: ``[..., ways]``.
        label: the class.
    """
    others = cosines.clone()
    others[..., label] = -torch.inf
    return cosines[..., label] - others.max(-1).values


def word_maps(
    sentences: Sequence[str], means: Sequence[Tensor], encode: Encode
) -> list[list[WordMap]]:
    """A map of each sentence for each set of class means.

    Args:
        sentences: of two words or more; words stand between spaces.
        means: class means ``[ways, features]``, of any length but 0; each set makes its own maps.
        encode: all that must be encoded goes through it in one call.

    Returns:
        For every set of means a map of every sentence, all with the same words.

    Raises:
        ValueError: a sentence of fewer than two words.
    """
    split = [sentence.split() for sentence in sentences]
    if short := [" ".join(words) for words in split if len(words) < 2]:
        raise ValueError(f"a word can be left out of two or more, and '{short[0]}' has fewer")
    texts = [
        text
        for words in split
        for text in (words, *([*words[:i], *words[i + 1 :]] for i in range(len(words))))
    ]
    vectors = F.normalize(encode([" ".join(words) for words in texts]), dim=-1)
    maps = []
    for centres in means:
        cosines = vectors @ F.normalize(centres, dim=-1).to(vectors).T
        pieces = cosines.cpu().split_with_sizes([len(words) + 1 for words in split])
        maps.append([WordMap(w, p[0], p[1:]) for w, p in zip(split, pieces, strict=True)])
    return maps


class MapStudy(NamedTuple):
    """What a map made with one support does for a classifier made with another.

    Attributes:
        table: a row for each way to choose a word to leave out; ``fall`` of the second
            classifier's lead in hundredths of a cosine, and per cent of its answers that
            ``change``, both means over the sentences.
        first: the map of the first sentence, made with the first support.
    """

    table: DataFrame
    first: WordMap


def map_study(
    rows: EpisodeSampler, texts: Sequence[str], vectors: Tensor, episodes: int, encode: Encode
) -> MapStudy:
    """Leave out the word that a map names, and look at a classifier with other examples.

    The first example of each class makes support A, the second one B.

    Args:
        rows: a sampler of row numbers, of two shots.
        texts: by row.
        vectors: by row, ``[rows, features]``.
        episodes: how many, from the first; all their queries of two words or more are taken.
        encode: as for ``word_maps``.
    """
    import pandas as pd

    numbers = generator("random word", episodes)
    effects: dict[str, list[tuple[float, bool]]] = {}
    first = None
    for index in range(episodes):
        task = rows.batch(index, 1)
        support, labels = task.support.x[0], task.support.y[0]
        queries = [texts[i] for i in task.query.x[0].tolist()]
        queries = [query for query in queries if len(query.split()) > 1]
        own = [support[labels == c] for c in range(int(labels.max()) + 1)]
        centres = [vectors[torch.stack([of_class[shot] for of_class in own])] for shot in (0, 1)]
        of_a, of_b = word_maps(queries, centres, encode)
        first = first or next(iter(of_a), None)
        for a, b in zip(of_a, of_b, strict=True):
            count = len(b.words)
            chosen = {
                "map of B": int(b.drops.argmax()),
                "map of A": int(a.drops.argmax()),
                "longest": max(range(count), key=lambda i: len(b.words[i])),
                "random": int(torch.randint(count, (1,), generator=numbers)),
            }
            for name, i in chosen.items():
                changed = bool(b.without[i].argmax() != b.whole.argmax())
                effects.setdefault(name, []).append((100 * b.drops[i].item(), changed))
    table = {
        name: {
            "fall": sum(fall for fall, _ in each) / len(each),
            "change": 100 * sum(changed for _, changed in each) / len(each),
        }
        for name, each in effects.items()
    }
    assert first is not None  # some query has two words
    return MapStudy(pd.DataFrame(table).T, first)
