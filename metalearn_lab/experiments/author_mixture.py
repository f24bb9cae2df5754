"""A new author in a few sentences: a general n-gram model mixed with one of these sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.models.ngram import NGram, bits_per_character
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.docstrings import ALPHABET, authors, encode
from metalearn_lab.tasks.seeds import generator

QUERY = 150
"""Sentences of an author that results are taken over."""


class AuthorTask(NamedTuple):
    """Sentences of one author: to adapt to, and to be judged on."""

    support: tuple[str, ...]
    query: tuple[str, ...]


class Mixable(NamedTuple):
    """The probability of each character of a text under two models, float64 ``[n]`` each."""

    general: Tensor
    author: Tensor

    def mixed(self, share: float) -> Tensor:
        """(1 − λ) general + λ author, ``[n]``."""
        return (1 - share) * self.general + share * self.author

    def bits(self, share: float) -> float:
        """Bits per character of the mixture."""
        return -self.mixed(share).log2().mean().item()


def author_task(author: str, shots: int, seed: int) -> AuthorTask:
    """Draw an author's support sentences; the query does not depend on how many they are.

    Raises:
        ValueError: the author has too few sentences.
    """
    sentences = authors()[author]
    if shots < 1 or shots + QUERY > len(sentences):
        most = len(sentences) - QUERY
        raise ValueError(f"{author} has enough for 1 to {most} support sentences, got {shots}")
    drawn = torch.randperm(len(sentences), generator=generator("author", author, seed)).tolist()
    query = tuple(sentences[i] for i in drawn[:QUERY])
    return AuthorTask(tuple(sentences[i] for i in drawn[QUERY : QUERY + shots]), query)


def on_query(general: NGram, task: AuthorTask) -> Mixable:
    """The query's characters under the general model and one of the support."""
    return _under(general, author_model(general, task.support), task.query)


def on_support(general: NGram, task: AuthorTask) -> Mixable:
    """The support's characters under the general model and one of these very sentences."""
    return _under(general, author_model(general, task.support), task.support)


def left_out(general: NGram, task: AuthorTask) -> Mixable:
    """The support's characters, each sentence under a model of the *other* support sentences.

    Raises:
        ValueError: fewer than two sentences.
    """
    support = task.support
    if len(support) < 2:
        raise ValueError("to leave one sentence out there must be two; give two shots or more")
    others = [support[:i] + support[i + 1 :] for i in range(len(support))]
    parts = [
        _under(general, author_model(general, other), [sentence])
        for other, sentence in zip(others, support, strict=True)
    ]
    return Mixable(*map(torch.cat, zip(*parts, strict=True)))


def em_step(share: float, characters: Mixable) -> float:
    """One step of expectation-maximisation for λ: the mean posterior share of the author's model.

    Source: Dempster, Laird and Rubin, 1977; for language models Jelinek and Mercer, 1980.
    """
    return (share * characters.author / characters.mixed(share)).mean().item()


def share_by_em(characters: Mixable, steps: int = 50) -> float:
    """λ after some steps from 1/2."""
    return shares_by_em(torch.stack(characters), steps)[1].item()


def merged_bits(stream: Tensor, task: AuthorTask, order: int, times: int) -> float:
    """Bits per character of new sentences, where the support is counted with the general text.

    Args:
        stream: the general text, characters' numbers ``[n]``.
        task: of the author.
        order: of the n-gram model.
        times: how often each support sentence is counted.
    """
    both = torch.cat([stream, encode(task.support).repeat(times)])
    model = NGram(order, len(ALPHABET)).fit(both)
    return bits_per_character(model.probabilities(encode(task.query)))


def shares_by_em(models: Tensor, steps: int = 50) -> Tensor:
    """The shares of several models after some steps from equal ones, ``[models]``.

    Args:
        models: what each gives the same characters, ``[models, n]``.
        steps: of expectation-maximisation; with two models they are those of ``em_step``.
    """
    shares = torch.full_like(models[:, 0], 1 / len(models))
    for _ in range(steps):
        parts = shares[:, None] * models
        shares = (parts / parts.sum(0)).mean(1)
    return shares


def mixed_bits(on_support: Sequence[Tensor], on_new: Sequence[Tensor]) -> float:
    """Bits per character of new sentences under a mixture; EM finds its shares on the support.

    Args:
        on_support: what each model gives the characters of the support, ``[n]`` each; of the
            author's model, that of sentences left out.
        on_new: what each gives those of the new sentences, ``[m]`` each.
    """
    shares = shares_by_em(torch.stack(list(on_support)))
    return -(shares @ torch.stack(list(on_new))).log2().mean().item()


@one_thread()
def author_model(general: NGram, sentences: Sequence[str]) -> NGram:
    """An n-gram model of the order of another."""
    return NGram(general.order, len(ALPHABET)).fit(encode(sentences))


@one_thread()  # short texts
def _under(general: NGram, author: NGram, sentences: Sequence[str]) -> Mixable:
    stream = encode(sentences)
    return Mixable(general.probabilities(stream), author.probabilities(stream))
