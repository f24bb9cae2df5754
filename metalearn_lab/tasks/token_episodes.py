"""N-way K~2K-shot episodes of tagged sentences, addressable by (seed, split, index)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch

from metalearn_lab.tasks.leaks import LeakError
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.tagged_sentences import TaggedSentence
from metalearn_lab.tasks.text_identity import normalised

_ORDERS = 20


class TokenEpisode(NamedTuple):
    """Sentences to adapt on and to be judged on; other types than ``types`` are ``O`` in them.

    Attributes:
        types: the N types, in the order of their labels 1, …, N; label 0 is ``O``.
        support: sentences with K to 2K entities of each type.
        query: sentences with Q to 2Q entities of each type.
        support_rows: where they stand in the sampler's sentences.
        query_rows: the same of the query.
    """

    types: tuple[str, ...]
    support: tuple[TaggedSentence, ...]
    query: tuple[TaggedSentence, ...]
    support_rows: tuple[int, ...]
    query_rows: tuple[int, ...]


class TokenEpisodeSampler:
    """Draws token episodes; the same address gives the same episode, in any order.

    A sentence may hold several entities, so exactly K of each type cannot be promised. The greedy
    rule takes sentences in random order, keeps one if it has a type that is still below K, and
    passes one over that would lift a type above 2K.

    Args:
        sentences: tagged in the scheme BIO; a sentence that stands twice is used once.
        types: the types of this split.
        ways: types an episode (N).
        shots: K of the support.
        queries: Q of the query.
        hide_others: take also sentences with entities of types outside of the episode, which
            become ``O``. If False, every entity of a sentence is of the episode, as in Few-NERD.
        split: name of the split; part of the address.
        seed: part of the address.

    Raises:
        ValueError: counts below 1, fewer types than ways, or a type with too few sentences.

    Source: Ding et al., "Few-NERD", ACL 2021.
    """

    def __init__(
        self,
        sentences: Sequence[TaggedSentence],
        types: Sequence[str],
        *,
        ways: int,
        shots: int,
        queries: int,
        hide_others: bool = True,
        split: str = "train",
        seed: int = 0,
    ) -> None:
        if min(ways, shots, queries) < 1:
            raise ValueError(
                f"ways, shots and queries must be 1 or more, got {ways}, {shots} and {queries}"
            )
        self.sentences = tuple(sentences)
        self.types = tuple(sorted(set(types)))
        if ways > len(self.types):
            raise ValueError(f"{ways} ways, but the split {split} has {len(self.types)} types")
        self.ways, self.shots, self.queries = ways, shots, queries
        self.hide_others, self.split, self.seed = hide_others, split, seed
        first_of: dict[str, int] = {}
        for row, sentence in enumerate(self.sentences):
            first_of.setdefault(normalised(" ".join(sentence.words)), row)
        self._rows = sorted(first_of.values())
        self._counts = [Counter(sentence.types) for sentence in self.sentences]
        held = Counter(kind for row in self._rows for kind in self._counts[row])
        if few := [kind for kind in self.types if held[kind] < shots + queries]:
            raise ValueError(
                f"{', '.join(few)} stand in fewer than {shots + queries} different sentences: "
                "ask for fewer shots and queries, or leave these types out"
            )

    def episode(self, index: int) -> TokenEpisode:
        """The episode at (seed, split, index).

        Raises:
            ValueError: a negative index, or no order of the sentences fills it.
        """
        if index < 0:
            raise ValueError(f"the index of an episode must be 0 or more, got {index}")
        numbers = generator(self.seed, "token episode", self.split, index)
        order = torch.randperm(len(self.types), generator=numbers).tolist()
        types = tuple(self.types[position] for position in order[: self.ways])
        for _ in range(_ORDERS):
            shuffled = torch.randperm(len(self._rows), generator=numbers).tolist()
            rows = [self._rows[position] for position in shuffled]
            support = self._greedy(rows, types, self.shots)
            taken = set(support or ())
            query = self._greedy([row for row in rows if row not in taken], types, self.queries)
            if support and query:
                return TokenEpisode(
                    types,
                    tuple(self.sentences[row].only(types) for row in support),
                    tuple(self.sentences[row].only(types) for row in query),
                    tuple(support),
                    tuple(query),
                )
        raise ValueError(
            f"no {self.shots}- and {self.queries}-shot episode of {', '.join(types)} was found "
            f"in {_ORDERS} orders of the sentences: ask for fewer, or give more sentences"
        )

    def _greedy(self, rows: Iterable[int], types: Sequence[str], shots: int) -> list[int] | None:
        """Rows with ``shots`` to ``2 · shots`` entities of each type; None if they do not fill."""
        counts, taken = dict.fromkeys(types, 0), list[int]()
        for row in rows:
            own = self._counts[row]
            mine = {kind: own[kind] for kind in types if own[kind]}
            if not self.hide_others and len(mine) < len(own):
                continue
            if not any(counts[kind] < shots for kind in mine):
                continue
            if any(counts[kind] + count > 2 * shots for kind, count in mine.items()):
                continue
            taken.append(row)
            for kind, count in mine.items():
                counts[kind] += count
            if min(counts.values()) >= shots:
                return taken
        return None


def assert_token_episode_is_clean(episode: TokenEpisode, shots: int, queries: int) -> None:
    """No sentence on both sides or twice, no other type, K to 2K entities of each type.

    Raises:
        LeakError: with what is wrong.
    """
    keys = [
        [normalised(" ".join(sentence.words)) for sentence in side]
        for side in (episode.support, episode.query)
    ]
    if both := set(keys[0]) & set(keys[1]):
        raise LeakError(f"in support and query, so that its tags are given away: {min(both)!r}")
    for name, side, side_keys, least in (
        ("support", episode.support, keys[0], shots),
        ("query", episode.query, keys[1], queries),
    ):
        if len(set(side_keys)) < len(side_keys):
            raise LeakError(f"a sentence stands twice in the {name}: fewer sentences than it says")
        counts = Counter(kind for sentence in side for kind in sentence.types)
        if other := counts.keys() - set(episode.types):
            raise LeakError(f"tags of types outside of the episode in the {name}: {sorted(other)}")
        for kind in episode.types:
            if not least <= counts[kind] <= 2 * least:
                raise LeakError(
                    f"{counts[kind]} entities of {kind} in the {name}, not {least} to {2 * least}"
                )


def assert_types_unseen(sentences: Iterable[TaggedSentence], types: Iterable[str]) -> None:
    """No training sentence holds an entity of a type that is to be new.

    Raises:
        LeakError: with a sentence that does.
    """
    new = set(types)
    for sentence in sentences:
        if seen := new.intersection(sentence.types):
            raise LeakError(
                f"{sorted(seen)} are to be new types, but a training sentence holds them: "
                f"{' '.join(sentence.words)!r}"
            )
