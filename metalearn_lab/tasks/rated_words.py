"""Words that ten people rated each, from −4 (very negative) to 4 (very positive): VADER's lexicon.

The lexicon does not say who rated what: column 3 of two words need not be the same person.
"""

from __future__ import annotations

import ast
import re
from importlib.resources import files
from typing import NamedTuple

import torch
from torch import Tensor

LOWEST, HIGHEST = -4, 4
GRADES = HIGHEST - LOWEST + 1
"""Nine grades: a rating less ``LOWEST`` is one of 0, …, 8."""

RATERS = 10


class RatedWords(NamedTuple):
    """Words and what each of ten people gave.

    Attributes:
        words: lower-case letters alone; emoticons are left out.
        ratings: whole numbers, −4 to 4, ``[words, 10]``.
    """

    words: tuple[str, ...]
    ratings: Tensor

    def without(self, rater: int) -> Tensor:
        """The mean of the other nine ratings, ``[words]``."""
        total = self.ratings.sum(1) - self.ratings[:, rater]
        return total.double() / (RATERS - 1)


def rated_words() -> RatedWords:
    """The words of vaderSentiment's lexicon, in its order.

    Raises:
        ModuleNotFoundError: vaderSentiment is not installed.

    Source: Hutto and Gilbert, "VADER", ICWSM 2014; package vaderSentiment, MIT licence.
    """
    text = files("vaderSentiment").joinpath("vader_lexicon.txt").read_text(encoding="utf-8")
    rated: dict[str, list[int]] = {}
    for line in text.splitlines():
        word, _, _, ratings = line.split("\t")
        if re.fullmatch("[a-z]{2,}", word):
            rated.setdefault(word, ast.literal_eval(ratings))
    complete = {word: row for word, row in rated.items() if len(row) == RATERS}
    return RatedWords(tuple(complete), torch.tensor(list(complete.values())))


def as_grades(ratings: Tensor) -> Tensor:
    """Ratings, whole or not, as the nearest of the grades 0, …, 8; int64, of the same shape."""
    return ratings.double().round().clamp(LOWEST, HIGHEST).long() - LOWEST
