"""Translation as a search: for a name in one language, the same concept's name in another one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.evaluation.ranking import ranks_of
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.tasks.language_names import Name
from metalearn_lab.tasks.seeds import generator

PENALTIES = (0.1, 1.0, 10.0)
"""λ of the map to choose from, on the pairs of validation concepts."""


ASKED = 200
"""Names that are asked for, and as many candidates."""


class Pairs(NamedTuple):
    """Names of the same concepts in two languages.

    Attributes:
        source: vectors, ``[concepts, dim]``.
        target: vectors, ``[concepts, dim]``.
        kinds: of the concepts, ``[concepts]``.
        texts: of source and target, for each concept.
    """

    source: Tensor
    target: Tensor
    kinds: Tensor
    texts: tuple[tuple[str, str], ...]

    def first(self, count: int) -> Pairs:
        """The first so many pairs."""
        source, target, kinds, texts = self
        return Pairs(source[:count], target[:count], kinds[:count], texts[:count])


def translation_pairs(
    names: Sequence[Name],
    vectors: Tensor,
    languages: tuple[str, str],
    concepts: Collection[str],
    seed: int = 0,
) -> Pairs:
    """All concepts that have a name in both languages, in an order by chance.

    Args:
        names: in all languages.
        vectors: theirs, ``[names, dim]``.
        languages: the source's and the target's.
        concepts: those to take.
        seed: of the order.
    """
    rows: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for row, name in enumerate(names):
        if name.language in languages and name.concept in concepts:
            rows[languages.index(name.language)][name.concept] = row
    both = sorted(rows[0].keys() & rows[1].keys())
    order = torch.randperm(len(both), generator=generator("translation", seed, *languages))
    chosen = [[side[both[i]] for i in order.tolist()] for side in rows]
    texts = tuple((names[a].text, names[b].text) for a, b in zip(*chosen, strict=True))
    source, target = (vectors[torch.tensor(own).to(vectors.device)] for own in chosen)
    kinds = torch.tensor([names[row].kind for row in chosen[0]]).to(vectors.device)
    return Pairs(source, target, kinds, texts)


def translation_scores(known: Pairs, asked: Pairs, penalty: float) -> Tensor:
    """Cosines of each asked name's vector, mapped, with all candidates, ``[asked, asked]``.

    A candidate of another kind has −2, so it stands behind all others. The map is I + D, where D is
    the ridge regression of what the identity leaves of the known pairs. Without known pairs it is
    the identity.
    """
    mapped = asked.source
    if len(known.source):
        size = torch.tensor(penalty).to(mapped)
        mapped = mapped + mapped @ ridge(known.source, known.target - known.source, size)
    cosines = F.normalize(mapped, dim=1) @ F.normalize(asked.target, dim=1).T
    return cosines.masked_fill(asked.kinds[:, None] != asked.kinds, -2.0)


def translation_ranks(known: Pairs, chosen_by: Pairs, asked: Pairs) -> Tensor:
    """Rank of the right name for each asked one, ``[asked]``; λ is the best on other pairs."""

    def ranks(pairs: Pairs, penalty: float) -> Tensor:
        scores = translation_scores(known, pairs, penalty)
        return ranks_of(scores, torch.arange(len(scores)).to(scores.device))

    best = max(PENALTIES, key=lambda penalty: (1 / ranks(chosen_by, penalty)).mean().item())
    return ranks(asked, best)


def reciprocal_ranks(
    names: Sequence[Name],
    vectors: Tensor,
    languages: tuple[str, str],
    concepts: Mapping[str, str],
    counts: Sequence[int],
    seed: int = 0,
) -> dict[int, float]:
    """Mean reciprocal rank over 200 test concepts, by the number of known pairs.

    Args:
        names: in all languages.
        vectors: theirs.
        languages: the source's and the target's.
        concepts: the part of each concept.
        counts: numbers of known pairs, of training concepts.
        seed: of which concepts these are.
    """
    pairs = {
        part: translation_pairs(
            names, vectors, languages, {c for c, own in concepts.items() if own == part}, seed
        )
        for part in ("train", "validation", "test")
    }
    asked, chosen_by = pairs["test"].first(ASKED), pairs["validation"].first(ASKED)
    return {
        count: (1 / translation_ranks(pairs["train"].first(count), chosen_by, asked)).mean().item()
        for count in counts
    }
