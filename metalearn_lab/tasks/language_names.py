"""Names of countries, currencies and the like in many languages: a language is a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.text_features import hashed_ngrams
from metalearn_lab.tasks.text_identity import normalised
from metalearn_lab.tasks.types import Split, Task, stack_tasks

BRANCHES: Mapping[str, str] = {
    "Germanic": "en de nl sv nb da is",
    "Romance": "fr es it pt ca ro vec",
    "Slavic": "bg cs mk sr uk pl sl hr ru",
    "Celtic": "ga gd",
    "Indo-Aryan": "hi mr gu bn ne or",
    "Iranian": "fa tg",
    "Turkic": "tr az kk ug cv",
    "Uralic": "fi et hu",
    "Afro-Asiatic": "ar he so",
    "Dravidian": "ta te kn ml",  # codespell:ignore te
    "Sinitic": "zh yue",
    "Tai": "th lo",
    "Austronesian": "id ms",
    "Niger-Congo": "zu ig ee",
    "Baltic": "lt",
    "Greek": "el",
    "Kartvelian": "ka",
    "Basque": "eu",
    "Vietic": "vi",
    "Koreanic": "ko",
    "Japonic": "ja",
}
"""Language families, or their branches where a family is large: codes of languages.

Languages whose names Babel has in full, five kinds with 85 names or more each.
"""

FAMILY: Mapping[str, str] = {
    code: branch for branch, codes in BRANCHES.items() for code in codes.split()
}
"""Of each language's code."""

KINDS = ("country", "currency", "language", "script", "time zone")
"""The classes; they mean the same in every language."""


class Name(NamedTuple):
    """One name.

    Attributes:
        text: as it is written in its language.
        language: a code, such as ``"ka"``; the task.
        kind: number of its class.
        concept: what it names; the same in every language. Names of one concept are translations.
    """

    text: str
    language: str
    kind: int
    concept: str


@cache
def language_names(languages: Sequence[str] = tuple(FAMILY)) -> tuple[Name, ...]:
    """Babel's names of five kinds, in each language.

    A name that two kinds of one language share, such as that of a language and its script, is left
    out, and so are names of one character.

    Args:
        languages: codes of Babel's.

    Raises:
        ModuleNotFoundError: Babel is not installed.
    """
    try:
        from babel import Locale
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the names come from the package Babel, which is not here: pip install babel"
        ) from error
    names = []
    for language in languages:
        locale = Locale.parse(language)
        zones = ((code, zone.get("long") or {}) for code, zone in locale.meta_zones.items())
        tables = (
            {code: text for code, text in locale.territories.items() if not code.isdigit()},
            locale.currencies,
            locale.languages,
            locale.scripts,
            {code: zone.get("standard") or zone.get("generic") for code, zone in zones},
        )
        names += _unshared(language, tables)
    return tuple(names)


def _unshared(language: str, tables: Iterable[Mapping[str, str | None]]) -> list[Name]:
    kinds_of: dict[str, set[int]] = {}
    names = []
    for kind, table in enumerate(tables):
        for code, text in sorted(table.items()):
            key = normalised(text or "")
            if len(key) > 1:
                kinds_of.setdefault(key, set()).add(kind)
                names.append(Name(text or "", language, kind, f"{KINDS[kind]} {code}"))
    return [name for name in names if len(kinds_of[normalised(name.text)]) == 1]


def names_of_file(path: str | Path) -> tuple[tuple[Name, ...], tuple[str, ...]]:
    """Labelled texts of several languages, from a table of one's own.

    Args:
        path: a CSV file with the columns ``text``, ``language`` and ``label``; where there is a
            column ``concept``, rows with the same entry are translations of each other.

    Returns:
        The names, and the labels in sorted order, whose numbers are the names' ``kind``.

    Raises:
        ValueError: a column is missing, or an entry of it.
    """
    from pandas import read_csv

    table = read_csv(path, dtype=str, keep_default_na=False)
    missing = [name for name in ("text", "language", "label") if name not in table.columns]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}: it has {list(table.columns)}")
    empty = [
        name for name in ("text", "language", "label") if (table[name].str.strip() == "").any()
    ]
    if empty:
        raise ValueError(f"an entry of the column {', '.join(empty)} is empty: fill or remove it")
    labels = tuple(sorted(set(table.label)))
    concepts = table.concept if "concept" in table.columns else map(str, range(len(table)))
    columns = (table.text, table.language, map(labels.index, table.label), concepts)
    return tuple(map(Name, *columns)), labels


class LanguageSplit(NamedTuple):
    """Languages and concepts by part; no part shares a language or a concept with another.

    Attributes:
        train: languages that are trained on.
        validation: languages that settings are chosen by.
        test: languages that are reported on.
        concepts: the part that each concept belongs to.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    concepts: Mapping[str, str]


def split_languages(
    names: Sequence[Name], seed: int, families: Mapping[str, str] | None = None
) -> LanguageSplit:
    """Half of the languages to train on, a quarter to choose by, a quarter to report on.

    Of the concepts, two in five are for training, one for choosing, two for reporting: *Kenya* is
    *Kenya* in many languages, so a reader that met it in training would only have to remember.

    Args:
        names: in all languages.
        seed: of the draw.
        families: of each language; then whole families are dealt, each to the part that lacks
            most languages. Languages are dealt one by one if None.

    Raises:
        ValueError: fewer than four languages, or families, to deal.
    """
    languages = sorted({name.language for name in names})
    numbers = generator("languages", seed)
    shuffled = [languages[i] for i in torch.randperm(len(languages), generator=numbers).tolist()]
    groups: dict[str, list[str]] = {}
    for language in shuffled:
        own = language if families is None else families[language]
        groups.setdefault(own, []).append(language)
    if len(groups) < 4:
        raise ValueError(f"four languages or families are needed to deal, got {sorted(groups)}")
    shares = {"train": 0.5, "validation": 0.25, "test": 0.25}
    parts: dict[str, list[str]] = {part: [] for part in shares}
    for group in groups.values():
        lacking = {p: share * len(languages) - len(parts[p]) for p, share in shares.items()}
        parts[max(lacking, key=lambda part: lacking[part])] += group
    concepts = sorted({name.concept for name in names})
    order = torch.randperm(len(concepts), generator=numbers).tolist()
    dealt = ("train", "validation", "test", "train", "test")
    part_of = {concepts[row]: dealt[place % 5] for place, row in enumerate(order)}
    train, validation, test = (tuple(own) for own in parts.values())
    return LanguageSplit(train, validation, test, part_of)


def ngram_vectors(texts: Sequence[str], dim: int = 512) -> Tensor:
    """Unit vectors of hashed character n-grams of 1 to 3 characters, ``[texts, dim]``.

    Entries are square roots of counts, so that one frequent n-gram does not outweigh the rest.
    """
    ids = hashed_ngrams(texts, buckets=dim + 1, sizes=(1, 2, 3))
    counts = torch.zeros(len(ids), dim + 1).scatter_add(1, ids, torch.ones(ids.shape))
    return torch.nn.functional.normalize(counts[:, 1:].sqrt(), dim=1)


class LanguageTasks:
    """Tasks by their numbers: a language, K names of each kind, and other names of each kind.

    Args:
        names: in all languages.
        vectors: theirs, ``[names, dim]``.
        languages: to draw from, in turn.
        concepts: those that names are drawn from.
        shots: K.
        queries: Q, of each kind.
        seed: another seed draws other names.

    Raises:
        ValueError: a language has too few names of a kind.
    """

    def __init__(
        self,
        names: Sequence[Name],
        vectors: Tensor,
        languages: Sequence[str],
        concepts: Iterable[str],
        *,
        shots: int,
        queries: int,
        seed: int = 0,
    ) -> None:
        self.names, self.vectors, self.languages = names, vectors, tuple(languages)
        self.shots, self.queries, self.seed = shots, queries, seed
        self.kinds = 1 + max(name.kind for name in names)
        known = set(concepts)
        rows: dict[tuple[str, int], list[int]] = {}
        for row, name in enumerate(names):
            if name.concept in known:
                rows.setdefault((name.language, name.kind), []).append(row)
        self._rows = {key: torch.tensor(own) for key, own in rows.items()}
        for language in languages:
            have = min(len(rows.get((language, kind), ())) for kind in range(self.kinds))
            if have < shots + queries:
                raise ValueError(f"{language!r} has {have} names of a kind, not {shots + queries}")

    def batch(self, first: int, count: int) -> Task:
        """Tasks ``first``, …, ``first + count − 1``."""
        return stack_tasks([self.task(number) for number in range(first, first + count)])

    def task(self, number: int) -> Task:
        """One task; its number alone says which language and names."""
        sides = self.rows_of(number)
        kinds = torch.arange(self.kinds).to(self.vectors.device)
        return Task(
            *(
                Split(self.vectors[rows.to(kinds.device)].flatten(0, 1), kinds.repeat(len(rows)))
                for rows in sides
            )
        )

    def rows_of(self, number: int) -> tuple[Tensor, Tensor]:
        """Rows of support ``[shots, kinds]`` and query ``[queries, kinds]``."""
        language = self.languages[number % len(self.languages)]
        numbers = generator("language task", self.seed, number)
        drawn = []
        for kind in range(self.kinds):
            own = self._rows[language, kind]
            order = torch.randperm(len(own), generator=numbers)[: self.shots + self.queries]
            drawn.append(own[order])
        rows = torch.stack(drawn, 1)
        return rows[: self.shots], rows[self.shots :]


def language_profiles(names: Sequence[Name], vectors: Tensor) -> tuple[tuple[str, ...], Tensor]:
    """The languages, sorted, and the mean vector of each one's names, ``[languages, dim]``."""
    languages = tuple(sorted({name.language for name in names}))
    numbers = torch.tensor([languages.index(name.language) for name in names]).to(vectors.device)
    sums = vectors.new_zeros(len(languages), vectors.shape[1]).index_add(0, numbers, vectors)
    return languages, sums / torch.bincount(numbers)[:, None]
