"""Sentences as items of a task: at every character the next one is to be told."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from metalearn_lab.tasks.docstrings import encode
from metalearn_lab.tasks.types import Split

NOT_ASKED = -100
"""The target of a place that asks for nothing; ``F.cross_entropy`` leaves it out."""


def sentence_items(sentences: Sequence[str], length: int | None = None) -> Split:
    """A sentence an item: from every character on, the next one is to be told.

    Args:
        sentences: one or more.
        length: characters of an item; longer sentences are cut. The longest sentence with its end
            when not given.

    Returns:
        x: 0, c_1, …, c_n, and 0 up to the length; y: c_1, …, c_n, 0, and ``NOT_ASKED`` beyond;
        both ``[sentences, length]``.
    """
    length = max(map(len, sentences)) + 1 if length is None else length
    x = torch.zeros(len(sentences), length, dtype=torch.int64)
    y = torch.full_like(x, NOT_ASKED)
    for row, sentence in enumerate(sentences):
        numbers = encode([sentence])[:length]
        y[row, : len(numbers)] = numbers
        x[row, 1 : len(numbers)] = numbers[:-1]
    return Split(x, y)
