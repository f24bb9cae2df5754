"""Sentences as numbers: hashed character n-grams, or words, and how often words occur."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from metalearn_lab.tasks.text_identity import checked_text, normalised

_WORD = re.compile(r"\w+(?:['’]\w+)*")


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
    checked = _checked_texts(texts)
    _check_buckets(buckets)
    if not sizes or min(sizes) < 1:
        raise ValueError(f"sizes must be n-gram lengths of 1 or more, got {tuple(sizes)}")
    if longest < 1:
        raise ValueError(f"longest must be 1 n-gram or more, got {longest}")
    rows = [_ids(text, buckets, sizes, longest) for text in checked]
    return pad_sequence(rows, batch_first=True, padding_value=0)


def word_ids(
    texts: Sequence[str],
    vocabulary: Sequence[str] | None = None,
    *,
    buckets: int = 4096,
    longest: int = 64,
) -> Tensor:
    """Ids of the words of each text, in their order.

    A text is taken as its key (``text_identity.normalised``), so case does not count. A word is a
    run of letters and digits, with apostrophes inside; a text without any is its own single word.

    Args:
        texts: the sentences.
        vocabulary: the words whose vectors there are. Word i of it gets id i + 1, and all other
            words are left out, so a text may be left without words. When not given, every word is
            hashed (CRC-32) to one of ``buckets − 1`` ids; nothing is fitted.
        buckets: number of ids, padding included, where words are hashed.
        longest: words kept of a text.

    Returns:
        int64 ``[texts, length]``, padded with 0; ``length`` is ``longest`` or less.

    Raises:
        ValueError: no texts, an empty text, fewer than two buckets, ``longest`` below 1, or a
            vocabulary that knows no word of any text.
        TypeError: one string, whose characters would be the texts.
    """
    checked = _checked_texts(texts)
    _check_buckets(buckets)
    if longest < 1:
        raise ValueError(f"longest must be 1 word or more, got {longest}")
    # Of two spellings of one word, the first has its id.
    known = {normalised(word): i for i, word in reversed(list(enumerate(vocabulary or (), 1)))}

    def ids_of(text: str) -> Tensor:
        key = normalised(text)
        words = _WORD.findall(key) or [key]
        if vocabulary is None:
            ids = [1 + zlib.crc32(word.encode()) % (buckets - 1) for word in words]
        else:
            ids = [known[word] for word in words if word in known]
        return torch.tensor(ids[:longest], dtype=torch.int64)

    ids = pad_sequence([ids_of(text) for text in checked], batch_first=True, padding_value=0)
    if not ids.any():
        raise ValueError("the vocabulary has no word of these texts: is it of another language?")
    return ids


def word_counts(
    ids: Tensor, labels: Sequence[int] | Tensor, pool: Sequence[int], *, vocabulary: int
) -> Tensor:
    """How often each word occurs in the sentences of each class of the pool.

    Args:
        ids: of the words of each text, ``[texts, length]``; 0 is padding.
        labels: class of each text, ``[texts]``.
        pool: the classes that are counted, those that are trained on. Counts of test classes would
            give away which of their words are frequent.
        vocabulary: number of ids, padding included.

    Returns:
        ``[classes, vocabulary]``, 0 for classes outside of the pool.

    Raises:
        ValueError: labels that do not fit the texts, or an id outside of the vocabulary.
    """
    label_of = torch.as_tensor(labels, device=ids.device)
    if label_of.shape != ids.shape[:1]:
        raise ValueError(f"{list(label_of.shape)} labels for {len(ids)} texts: give one for each")
    if ids.min() < 0 or ids.max() >= vocabulary:
        raise ValueError(
            f"ids must lie in 0, …, {vocabulary - 1}, got {ids.min()} to {ids.max()}: give the "
            "vocabulary that they were made with"
        )
    in_pool = torch.isin(label_of, torch.tensor(list(pool), device=ids.device))
    counted = ((ids > 0) & in_pool[:, None]).float()
    places = label_of[:, None] * vocabulary + ids
    counts = counted.new_zeros(int(label_of.max() + 1) * vocabulary)
    return counts.index_add(0, places.flatten(), counted.flatten()).view(-1, vocabulary)


def _checked_texts(texts: Sequence[str]) -> Iterator[str]:
    if isinstance(texts, str):
        raise TypeError(f"texts must be a list of texts, got one text: give [{texts!r:.80}]")
    if not len(texts):
        raise ValueError("no texts to encode: give at least one")
    return (checked_text(text, f"text {row}") for row, text in enumerate(texts))


def _check_buckets(buckets: int) -> None:
    if buckets < 2:
        raise ValueError(f"buckets must be 2 or more (one is padding), got {buckets}")


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
