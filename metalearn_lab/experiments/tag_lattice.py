"""The lattice of tags over a sentence, and the best path through it by Viterbi's rule.

StructShot learns on other types how often tags follow each other. It knows three kinds of tag
alone, ``O``, an entity's own type, and any other type, so it can be spread over types that are new.

Source: Yang and Katiyar, "Simple and Effective Few-Shot Named Entity Recognition with Structured
Nearest Neighbor Learning", EMNLP 2020; the authors' code,
github.com/asappresearch/structshot, for the way the transitions are spread and tempered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

_LEAST = 1e-6


class Abstract(NamedTuple):
    """Probabilities of tags after tags, for any set of types.

    Attributes:
        start_o: that a sentence begins outside.
        o_o: that O follows O.
        i_o: that O follows an entity's token.
        i_same: that a token of the same type follows it.
        i_other: that one of another type does.
    """

    start_o: float
    o_o: float
    i_o: float
    i_same: float
    i_other: float


def count_transitions(sentences: Iterable[Sequence[int]]) -> Abstract:
    """The shares in tagged sentences.

    Args:
        sentences: the labels of each sentence's tokens, 0 for O, and 1, … for types (scheme IO).

    Raises:
        ValueError: no sentence, or none with O and an entity that tokens follow.
    """
    starts, after_o, after_i = [0, 0], [0, 0], [0, 0, 0]
    for labels in sentences:
        if len(labels):
            starts[labels[0] > 0] += 1
        for a, b in pairwise(labels):
            if a == 0:
                after_o[b > 0] += 1
            else:
                after_i[0 if b == 0 else 1 if a == b else 2] += 1
    if not (sum(starts) and sum(after_o) and sum(after_i)):
        raise ValueError("no transition from O and from an entity was seen: give more sentences")
    shares = [count / sum(after_i) for count in after_i]
    return Abstract(starts[0] / sum(starts), after_o[0] / sum(after_o), *shares)


def transitions(abstract: Abstract, types: int, temperature: float = 1.0) -> Tensor:
    """Probabilities of each tag after each, ``[1 + tags, tags]``; row 0 is the start.

    What leads to "a type" is shared out evenly among the types. Each probability is then raised to
    the power τ, and each row is divided by its sum. At τ = 0 every tag is as likely after any.

    Args:
        abstract: counted on other types.
        types: of the episode; tag 0 is O.
        temperature: τ, 0 or more.

    Raises:
        ValueError: no types, or a τ that is negative or not finite.
    """
    if types < 1 or not 0 <= temperature < float("inf"):
        raise ValueError(
            f"there must be 1 type or more and a τ of 0 or more, got {types} and {temperature}"
        )
    table = torch.zeros(types + 2, types + 1, dtype=torch.float64)
    table[0, 0], table[0, 1:] = abstract.start_o, (1 - abstract.start_o) / types
    table[1, 0], table[1, 1:] = abstract.o_o, (1 - abstract.o_o) / types
    table[2:, 0] = abstract.i_o
    table[2:, 1:] = abstract.i_other / max(1, types - 1)
    own = torch.arange(types)
    table[own + 2, own + 1] = abstract.i_same
    tempered = table.clamp(min=_LEAST) ** temperature
    return tempered / tempered.sum(1, keepdim=True)


def path_score(emissions: Tensor, table: Tensor, path: Sequence[int]) -> float:
    """The logarithm of what a path's emissions and transitions multiply to.

    Args:
        emissions: a probability for each token and tag, ``[tokens, tags]``.
        table: as ``transitions`` gives it.
        path: a tag for each token.
    """
    before = [0, *(tag + 1 for tag in path)]
    steps = [table[a, b] for a, b in zip(before, path, strict=False)]
    own = [emissions[i, tag] for i, tag in enumerate(path)]
    return float(sum(torch.log(p) for p in [*steps, *own]))


def viterbi(emissions: Tensor, table: Tensor) -> list[int]:
    """The best path: a tag for each token.

    For each token and tag it keeps the best score of a path that ends there, and where that path
    comes from. The best path to the next token goes on from one of these.

    Args:
        emissions: a probability for each token and tag, ``[tokens, tags]``.
        table: as ``transitions`` gives it.

    Raises:
        ValueError: no tokens, or other tags in the table.
    """
    tokens, tags = emissions.shape
    if tokens < 1 or table.shape != (tags + 1, tags):
        raise ValueError(
            f"emissions {list(emissions.shape)} need 1 token or more and a table "
            f"[{tags + 1}, {tags}], got {list(table.shape)}"
        )
    own, steps = emissions.to(table).log(), table.log()
    best = steps[0] + own[0]
    came_from = []
    for token in range(1, tokens):
        through, where = (best[:, None] + steps[1:]).max(0)
        best = through + own[token]
        came_from.append(where)
    path = [int(best.argmax())]
    for where in reversed(came_from):
        path.append(int(where[path[-1]]))
    return path[::-1]
