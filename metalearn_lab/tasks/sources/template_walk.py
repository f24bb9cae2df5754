"""Random sentences from one parsed template: one branch at each choice, nothing enumerated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import torch

from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sources.slot_values import slot_values
from metalearn_lab.tasks.text_identity import normalised

if TYPE_CHECKING:
    from hassil.expression import Expression
    from hassil.intents import Intents

_Item = TypeVar("_Item")


class UnknownPartError(LookupError):
    """A template names a slot or a rule that the package and ``slot_values`` do not have."""


def sample_texts(
    template: str,
    domains: Sequence[str],
    intents: Intents,
    *,
    most: int,
    address: tuple[int | str, ...],
) -> list[str]:
    """Distinct sentences of a template, the same for the same address in every process.

    Args:
        template: a template in hassil's notation.
        domains: kinds of device that ``{name}`` may stand for.
        intents: lists, rules and settings of the language, parsed by hassil.
        most: how many sentences at most; a template with few choices gives fewer.
        address: seeds the choices.

    Raises:
        UnknownPartError: a slot has no values, or a rule is missing.
    """
    from hassil.parse_expression import parse_sentence

    expression = parse_sentence(template).expression
    walk = _Walk(intents, domains, generator(*address))
    texts: dict[str, str] = {}
    for _ in range(4 * most):
        text = _tidy("".join(walk.say(expression)), intents.settings.ignore_whitespace)
        texts.setdefault(normalised(text), text)
        if len(texts) == most:
            break
    return [text for key, text in texts.items() if key]


def _tidy(text: str, unspaced: bool) -> str:
    """Single spaces; in a script without word spaces, only those between Latin words."""
    single = " ".join(text.split())
    return re.sub(r"(?<![a-zA-Z0-9]) | (?![a-zA-Z0-9])", "", single) if unspaced else single


class _Walk:
    """Says one sentence after another, each choice taken from one stream of random numbers."""

    def __init__(self, intents: Intents, domains: Sequence[str], stream: torch.Generator) -> None:
        self._intents = intents
        self._domains = domains
        self._choices = _integers(stream)

    def say(self, expression: Expression) -> Iterator[str]:
        """Pieces of one sentence that the expression allows."""
        from hassil import expression as parts

        match expression:
            case parts.TextChunk():
                yield expression.original_text
            case parts.Alternative():
                yield from self.say(self._one_of(expression.items))
            case parts.Permutation():
                shuffled = sorted(expression.items, key=lambda item: next(self._choices))
                yield from self._say_all(shuffled)
            case parts.Group():
                yield from self._say_all(expression.items)
            case parts.RuleReference():
                yield from self.say(self._rule(expression.rule_name))
            case parts.ListReference():
                yield from self._slot(expression.list_name)
            case _:
                raise TypeError(f"hassil gave an unknown part of a template: {expression!r}")

    def _say_all(self, expressions: Iterable[Expression]) -> Iterator[str]:
        return chain.from_iterable(map(self.say, expressions))

    def _rule(self, name: str) -> Expression:
        if name not in self._intents.expansion_rules:
            raise UnknownPartError(f"<{name}>")
        return self._intents.expansion_rules[name].expression

    def _slot(self, name: str) -> Iterator[str]:
        from hassil.intents import RangeSlotList, TextSlotList

        match self._intents.slot_lists.get(name):
            case TextSlotList(values=texts):
                yield from self.say(self._one_of(texts).text_in)
            case RangeSlotList(start=start, stop=stop, step=step):
                yield str(self._one_of(range(start, stop + 1, step)))
            case _:
                values = slot_values(self._intents.language, name, self._domains)
                if not values:
                    raise UnknownPartError(f"{{{name}}}")
                yield self._one_of(values)

    def _one_of(self, items: Sequence[_Item]) -> _Item:
        return items[next(self._choices) % len(items)]


def _integers(stream: torch.Generator) -> Iterator[int]:
    """Random integers without end, drawn in blocks because one draw costs as much as many."""
    while True:
        yield from torch.randint(2**31, (256,), generator=stream).tolist()
