"""Named entities are scored as spans: first token, end and type must all be right.

A tag is ``O``, or a prefix, a hyphen and a type, such as ``B-PER``. Three schemes write spans as
tags:

- ``"io"``: every token of an entity is ``I-PER``. Two neighbours of one type melt into one span.
- ``"bio"``: the first token is ``B-PER``, the others ``I-PER``.
- ``"bioes"``: the last is ``E-PER``, and an entity of one token ``S-PER``.

A model may write tags that no entity has, such as ``O I-PER``. There are two rules for these:

- lenient, that of the script ``conlleval``: a token goes on with the entity before it unless it
  says ``B`` or ``S``, has another type, or follows ``O``, ``E`` or ``S``; then it opens one.
- strict: only what the scheme allows is an entity, the rest is passed over.

Source: Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 Shared Task", 2003; both
rules are those of ``seqeval`` 1.2.2, its default and its strict mode.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

Scheme = Literal["io", "bio", "bioes"]
"""How spans are written as tags."""

PREFIXES: Mapping[Scheme, str] = {"io": "I", "bio": "BI", "bioes": "BIES"}
"""The prefixes of each scheme, beside O."""

OUTSIDE = "O"


class Span(NamedTuple):
    """Tokens ``first``, …, ``end − 1``, which are one entity of type ``kind``."""

    kind: str
    first: int
    end: int


class Counts(NamedTuple):
    """How many spans are right, predicted and true, with the three ratios made of them.

    A ratio without a denominator is 0.
    """

    right: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """Right among predicted."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Right among true."""
        return self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """2PR/(P + R), which is 2 · right/(predicted + true)."""
        both = self.predicted + self.gold
        return 2 * self.right / both if both else 0.0


def spans_of(tags: Sequence[str], strict: Scheme | None = None) -> list[Span]:
    """The entities that the tags of one sentence mean, in their order.

    Args:
        tags: ``O``, or ``B-PER`` and the like.
        strict: the scheme whose rules the tags must keep; lenient if None.

    Raises:
        ValueError: a tag that is neither, or a scheme that is none of three.
    """
    parts = [split_tag(tag) for tag in tags]
    runs = _runs(parts)
    if strict is not None:
        check_scheme(strict)
        runs = [
            run
            for run in runs
            if _is_whole("".join(p for p, _ in parts[run.first : run.end]), strict)
        ]
    return runs


def tags_of(spans: Iterable[Span], length: int, scheme: Scheme = "bio") -> list[str]:
    """Spans written as the tags of a sentence.

    Args:
        spans: that do not overlap.
        length: tokens of the sentence.
        scheme: ``"io"``, ``"bio"`` or ``"bioes"``.

    Raises:
        ValueError: spans that overlap or reach over the sentence, or an unknown scheme.
    """
    check_scheme(scheme)
    tags = [OUTSIDE] * length
    for kind, first, end in spans:
        if not 0 <= first < end <= length or any(tag != OUTSIDE for tag in tags[first:end]):
            raise ValueError(
                f"the span {kind} from {first} to {end} overlaps another one, is empty or is "
                f"outside of the {length} tokens: each token belongs to at most one span"
            )
        prefixes = ["I"] * (end - first)
        if scheme != "io":
            prefixes[0] = "B"
        if scheme == "bioes":
            prefixes[-1] = "S" if end - first == 1 else "E"
        tags[first:end] = [f"{prefix}-{kind}" for prefix in prefixes]
    return tags


def count_spans(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    strict: Scheme | None = None,
) -> dict[str, Counts]:
    """Right, predicted and true spans of each type, over sentences; types in sorted order.

    Args:
        gold: the true tags of each sentence.
        predicted: those of a model.
        strict: as for ``spans_of``, of both.

    Raises:
        ValueError: as ``spans_of``, or sentences that differ in number or length.
    """
    if [len(tags) for tags in gold] != [len(tags) for tags in predicted]:
        raise ValueError(
            f"{len(gold)} sentences with true tags and {len(predicted)} with predicted ones, or "
            "one has another length: give one predicted tag for each token"
        )
    right, found, true = Counter[str](), Counter[str](), Counter[str]()
    for own, given in zip(gold, predicted, strict=True):
        truth, answer = set(spans_of(own, strict)), set(spans_of(given, strict))
        true.update(span.kind for span in truth)
        found.update(span.kind for span in answer)
        right.update(span.kind for span in truth & answer)
    return {kind: Counts(right[kind], found[kind], true[kind]) for kind in sorted(true | found)}


def micro(counts: Mapping[str, Counts]) -> Counts:
    """All types counted together: each *span* weighs the same."""
    return Counts(*(sum(numbers) for numbers in zip((0, 0, 0), *counts.values(), strict=True)))


def macro_f1(counts: Mapping[str, Counts]) -> float:
    """The mean of the types' F1: each *type* weighs the same.

    Raises:
        ValueError: no types.
    """
    if not counts:
        raise ValueError("no entity is true or predicted, so there is no type to take a mean over")
    return sum(each.f1 for each in counts.values()) / len(counts)


def token_accuracy(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """The share of tokens whose tag is right, ``O`` included.

    Raises:
        ValueError: no tokens, or sentences that differ in number or length.
    """
    pairs = [
        pair
        for own, given in zip(gold, predicted, strict=True)
        for pair in zip(own, given, strict=True)
    ]
    if not pairs:
        raise ValueError("no tokens, so no share of them is right")
    return sum(own == given for own, given in pairs) / len(pairs)


def split_tag(tag: str) -> tuple[str, str]:
    """Prefix and type of a tag; ``("O", "")`` of O.

    Raises:
        ValueError: neither O nor a prefix, a hyphen and a type.
    """
    prefix, hyphen, kind = tag.partition("-")
    if tag == OUTSIDE:
        return OUTSIDE, ""
    if prefix not in ("B", "I", "E", "S") or not hyphen or not kind:
        raise ValueError(f"a tag is O, or B-, I-, E- or S- and a type; got {tag!r}")
    return prefix, kind


def check_scheme(scheme: str) -> None:
    """Refuse what is no scheme.

    Raises:
        ValueError: neither of three.
    """
    if scheme not in PREFIXES:
        raise ValueError(f"a scheme is one of {', '.join(PREFIXES)}; got {scheme!r}")


def _runs(parts: Sequence[tuple[str, str]]) -> list[Span]:
    """The runs of tokens that none but its first opens: the lenient rule."""
    runs: list[Span] = []
    for i, (before, now) in enumerate(pairwise([(OUTSIDE, ""), *parts])):
        if now[0] == OUTSIDE:
            continue
        if _opens(before, now):
            runs.append(Span(now[1], i, i + 1))
        else:
            runs[-1] = runs[-1]._replace(end=i + 1)
    return runs


def _opens(before: tuple[str, str], now: tuple[str, str]) -> bool:
    return now[0] in "BS" or before[0] in "OES" or before[1] != now[1]


def _is_whole(prefixes: str, scheme: Scheme) -> bool:
    """Whether the prefixes of a run are those of one entity."""
    whole = {"io": "I+", "bio": "BI*", "bioes": "S|BI*E"}[scheme]
    return re.fullmatch(whole, prefixes) is not None
