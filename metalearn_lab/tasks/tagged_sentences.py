"""Sentences whose words carry tags, and the names of Babel put into templates to make some."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import torch

from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.tag_templates import LINKS, TEMPLATES

SLOT = "{}"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z.' -]{1,27}")
_UNITS = {
    "length": ("length",),
    "mass": ("mass",),
    "volume": ("volume",),
    "duration": ("duration",),
    "area": ("area",),
    "energy": ("energy", "power"),
    "data": ("digital",),
}


class TaggedSentence(NamedTuple):
    """Words, and the tag of each: ``O``, or ``B-`` or ``I-`` and a type."""

    words: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def types(self) -> tuple[str, ...]:
        """The type of each entity, in their order."""
        return tuple(tag[2:] for tag in self.tags if tag.startswith("B-"))

    def only(self, types: Iterable[str]) -> TaggedSentence:
        """The same words; an entity of any other type becomes ``O``."""
        kept = set(types)
        return self._replace(tags=tuple(t if t[2:] in kept else "O" for t in self.tags))

    def entities(self) -> list[tuple[str, str]]:
        """Type and name of each entity."""
        found: list[tuple[str, list[str]]] = []
        for word, tag in zip(self.words, self.tags, strict=True):
            if tag.startswith("B-"):
                found.append((tag[2:], [word]))
            elif tag.startswith("I-"):
                found[-1][1].append(word)
        return [(kind, " ".join(words)) for kind, words in found]


@cache
def entity_names() -> dict[str, tuple[str, ...]]:
    """English names by type, as Babel has them: 16 types from 7 (weekdays) to hundreds.

    A name that two types share, such as a city that is a country, is of none.

    Raises:
        ModuleNotFoundError: Babel is not installed.
    """
    try:
        from babel import Locale
        from babel.core import get_global
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the names come from the package Babel, which is not here: pip install babel"
        ) from error
    english = Locale.parse("en")
    zones = get_global("zone_territories")
    units = english._data["unit_patterns"]

    def unit_names(kinds: Sequence[str]) -> list[str]:
        keys = [key for key in units if key.partition("-")[0] in kinds and "person" not in key]
        return [_unit_name(english, key) for key in keys]

    raw = {
        "country": [name for code, name in english.territories.items() if not code.isdigit()],
        "region": [name for code, name in english.territories.items() if code.isdigit()],
        "language": list(english.languages.values()),
        "script": list(english.scripts.values()),
        "currency": list(english.currencies.values()),
        "city": [zone.split("/")[-1].replace("_", " ") for zone in zones],
        "timezone": [_zone_name(zone) for zone in english.meta_zones.values()],
        "month": list(english.months["format"]["wide"].values()),
        "weekday": list(english.days["format"]["wide"].values()),
        **{kind: unit_names(prefixes) for kind, prefixes in _UNITS.items()},
    }
    plain = {
        kind: {name for name in names if _PLAIN.fullmatch(name)} for kind, names in raw.items()
    }
    keys = [name.casefold() for names in plain.values() for name in names]
    shared = {key for key in keys if keys.count(key) > 1}
    return {
        kind: tuple(sorted(name for name in names if name.casefold() not in shared))
        for kind, names in plain.items()
    }


@dataclass(frozen=True)
class NameSentences:
    """English sentences with one or two names, each a pure function of its number.

    Args:
        types: types of the first name of a sentence.
        others: types of the second name, in half of the sentences; those of ``types`` if empty.
        seed: another seed gives other sentences.

    Raises:
        ValueError: a type that has no names.
    """

    types: tuple[str, ...]
    others: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = sorted({*self.types, *self.others} - TEMPLATES.keys())
        if unknown or not self.types:
            raise ValueError(
                f"no sentences for the types {unknown}: give one or more of {', '.join(TEMPLATES)}"
            )

    def sentence(self, index: int) -> TaggedSentence:
        """The sentence of a number."""
        numbers = generator(self.seed, "name sentence", index)

        def drawn(options: Sequence[str]) -> str:
            return options[int(torch.randint(len(options), (), generator=numbers))]

        words, tags = list[str](), list[str]()
        first = drawn(self.types)
        second = drawn(self.others or self.types)
        kinds = [first, second] if torch.rand((), generator=numbers) < 0.5 else [first]
        for position, kind in enumerate(kinds):
            link = drawn(LINKS).split() if position else []
            words, tags = [*words, *link], [*tags, *["O"] * len(link)]
            for word in drawn(TEMPLATES[kind]).split():
                if word == SLOT:
                    name = drawn(entity_names()[kind]).split()
                    words += name
                    tags += [f"B-{kind}", *[f"I-{kind}"] * (len(name) - 1)]
                else:
                    words.append(word)
                    tags.append("O")
        return TaggedSentence(tuple(words), tuple(tags))

    def sentences(self, count: int) -> tuple[TaggedSentence, ...]:
        """Sentences number 0, …, ``count − 1``; a sentence that comes twice is there once."""
        return tuple(dict.fromkeys(self.sentence(index) for index in range(count)))


def _unit_name(english: object, key: str) -> str:
    names = english._data["unit_display_names"].get(key)  # type: ignore[attr-defined]
    return (names or {}).get("long") or ""


def _zone_name(zone: object) -> str:
    names = zone.get("long") or {}  # type: ignore[attr-defined]
    return names.get("standard") or names.get("generic") or ""
