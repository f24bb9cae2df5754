"""Sentences as hashed character n-grams, the input of the small text encoder."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from metalearn_lab.tasks.text_identity import checked_text, normalised


def hashed_ngrams(
    texts: Sequence[str],
    *,
    buckets: int = 4096,
    sizes: Sequence[int] = (2, 3),
    longest: int = 256,
) -> Tensor:
    """Ids of the character n-grams of each text.

    A text is taken as its key (``text_identity.normalised``), so one sentence has one row of ids
    however it is written, and wrapped in spaces, so that n-grams see word edges. Every n-gram is
    hashed (CRC-32) to one of ``buckets − 1`` ids; nothing is fitted, so nothing can leak from a
    test class. A text shorter than the smallest n-gram is its own single n-gram.

    Args:
        texts: the sentences.
        buckets: number of ids, padding included.
        sizes: lengths of the n-grams in characters.
        longest: n-grams kept of a text, the rest is cut off, so that one long text does not make
            every row long.

    Returns:
        int64 ``[texts, length]``, padded with 0; ``length`` is ``longest`` or less.

    Raises:
        ValueError: no texts, an empty text, fewer than two buckets, no sizes or one below 1, or
            ``longest`` below 1.
        TypeError: one string, whose characters would be the texts.
    """
    if isinstance(texts, str):
        raise TypeError(f"texts must be a list of texts, got one text: give [{texts!r:.80}]")
    if not len(texts):
        raise ValueError("no texts to encode: give at least one")
    if buckets < 2:
        raise ValueError(f"buckets must be 2 or more (one is padding), got {buckets}")
    if not sizes or min(sizes) < 1:
        raise ValueError(f"sizes must be n-gram lengths of 1 or more, got {tuple(sizes)}")
    if longest < 1:
        raise ValueError(f"longest must be 1 n-gram or more, got {longest}")
    checked = (checked_text(text, f"text {row}") for row, text in enumerate(texts))
    rows = [_ids(text, buckets, sizes, longest) for text in checked]
    return pad_sequence(rows, batch_first=True, padding_value=0)


def _ids(text: str, buckets: int, sizes: Sequence[int], longest: int) -> Tensor:
    ngrams = islice(_ngrams(text, sizes), longest)
    return torch.tensor([1 + zlib.crc32(ngram) % (buckets - 1) for ngram in ngrams])


def _ngrams(text: str, sizes: Sequence[int]) -> Iterator[bytes]:
    wrapped = f" {normalised(text)} "
    if len(wrapped) < min(sizes):
        yield wrapped.encode()
    for start in range(len(wrapped)):
        for size in sizes:
            if start + size <= len(wrapped):
                yield wrapped[start : start + size].encode()
