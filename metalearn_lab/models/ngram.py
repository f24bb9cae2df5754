"""An n-gram model of characters: counts of what followed, smoothed by shorter contexts."""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from torch import Tensor


class Counts(NamedTuple):
    """What followed the contexts of one length; all of it sorted by number.

    Attributes:
        grams: number of each n-gram seen, its last character's included, ``[grams]``.
        seen: how often, ``[grams]``.
        contexts: number of each context seen, ``[contexts]``.
        totals: how often, ``[contexts]``.
        kinds: how many different characters followed, ``[contexts]``.
    """

    grams: Tensor
    seen: Tensor
    contexts: Tensor
    totals: Tensor
    kinds: Tensor


class NGram:
    """The probability of a character, given the ``order`` − 1 characters before it.

    With c(h, y) for how often y followed h, c(h) for the sum over y and t(h) for the number of
    different y, and h' for h without its oldest character,

        p(y | h) = (c(h, y) + t(h) p(y | h')) / (c(h) + t(h)),

    and p(y | h') for the empty h is that with 1 / V below it. An unseen h gives p(y | h').
    Character 0 ends a sentence; contexts do not reach beyond it.

    Args:
        order: n, 1 or more.
        symbols: V, the number of characters.

    Raises:
        ValueError: no such order, or more n-grams than numbers of 64 bits.

    Source: Witten and Bell, "The zero-frequency problem", IEEE Transactions on Information Theory
    37 (4), 1991, method C; interpolated as in Chen and Goodman, "An empirical study of
    smoothing techniques for language modeling", Computer Speech & Language 13, 1999.
    """

    def __init__(self, order: int, symbols: int) -> None:
        if order < 1 or symbols < 2 or symbols**order >= 2**63:
            raise ValueError(
                "an n-gram model needs an order of 1 or more, 2 symbols or more, and "
                f"symbols^order below 2^63; got {order=}, {symbols=}"
            )
        self.order, self.symbols = order, symbols
        self.counts: list[Counts] = []

    def fit(self, stream: Tensor) -> Self:
        """Count a text, a row of characters' numbers ``[n]`` that begins with a sentence."""
        self.counts = []
        for context in self._contexts(stream):
            grams, seen = (context * self.symbols + stream).unique(return_counts=True)
            contexts, place, kinds = (grams // self.symbols).unique_consecutive(
                return_inverse=True, return_counts=True
            )
            totals = torch.zeros_like(contexts).index_add(0, place, seen)
            self.counts.append(Counts(grams, seen, contexts, totals, kinds))
        return self

    def probabilities(self, stream: Tensor) -> Tensor:
        """The probability of each character of a text ``[n]``, float64."""
        return self._smoothed(self._contexts(stream), stream)

    def continuations(self, history: Tensor) -> Tensor:
        """The probability of each character after a text ``[n]``, float64 ``[V]``."""
        after = torch.cat([history, history.new_zeros(1)])
        every = torch.arange(self.symbols, device=history.device)
        return self._smoothed([context[-1:] for context in self._contexts(after)], every)

    def has_seen(self, stream: Tensor) -> Tensor:
        """Whether the whole context of each character of a text was ever counted, ``[n]``."""
        longest = self.counts[-1]
        return _looked_up(longest.contexts, longest.totals, self._contexts(stream)[-1]) > 0

    def _contexts(self, stream: Tensor) -> list[Tensor]:
        """The number of the context of each character, for 0, …, n − 1 characters before it."""
        number = torch.zeros_like(stream)
        contexts, inside = [number], torch.ones_like(stream, dtype=torch.bool)
        for lag in range(1, self.order):
            before = torch.cat([stream.new_zeros(lag), stream])[: len(stream)]
            inside = inside & (before != 0)
            number = number + before * inside * self.symbols ** (lag - 1)
            contexts.append(number)
        return contexts

    def _smoothed(self, contexts: list[Tensor], symbols: Tensor) -> Tensor:
        p = torch.full(symbols.shape, 1 / self.symbols, dtype=torch.float64, device=symbols.device)
        for counts, context in zip(self.counts, contexts, strict=True):
            seen = _looked_up(counts.grams, counts.seen, context * self.symbols + symbols)
            total = _looked_up(counts.contexts, counts.totals, context)
            kinds = _looked_up(counts.contexts, counts.kinds, context)
            p = torch.where(total > 0, (seen + kinds * p) / (total + kinds).clamp(min=1), p)
        return p


def bits_per_character(probabilities: Tensor) -> float:
    """The mean of −log₂ of the probabilities."""
    return -probabilities.log2().mean().item()


def written_by(model: NGram, length: int, seed: int) -> Tensor:
    """A text that the model writes: characters drawn one by one, their numbers ``[length]``."""
    numbers = torch.Generator().manual_seed(seed)
    text = torch.zeros(1, dtype=torch.int64)  # the end of a sentence before it
    for _ in range(length):
        next_character = model.continuations(text).multinomial(1, generator=numbers)
        text = torch.cat([text, next_character])
    return text[1:]


def _looked_up(keys: Tensor, values: Tensor, wanted: Tensor) -> Tensor:
    """The values of sorted keys, 0 where a key is not there."""
    place = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    return torch.where(keys[place] == wanted, values[place], 0)
