"""Real text with no download: the sentence templates of home-assistant-intents, expanded.

The package (Apache-2.0) holds what people say to their homes in 65 languages, as templates such
as ``turn on [the] {area} (light|lights)``, which ``hassil`` parses.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from metalearn_lab.tasks.sources.slot_values import slot_language
from metalearn_lab.tasks.sources.template_walk import UnknownPartError, sample_texts
from metalearn_lab.tasks.table import (
    LabelledTable,
    Row,
    ambiguous_texts,
    build_table,
    find_classes,
)
from metalearn_lab.tasks.text_identity import normalised

PACKAGE = "home-assistant-intents"
FEWEST_TEMPLATES = 3
MOST_TEXTS = 8


def embedded_table(language: str = "en", exclude: Sequence[str] = ()) -> LabelledTable:
    """Sentences of one language; a class is an intent and a domain, a group is a template.

    A class is an intent with the domain of its templates (``HassTurnOn/light``), or with the kind
    of its response where they have no domain. It has at least 3 templates, and each template gives
    up to 8 distinct sentences. A sentence of two classes is dropped from both; one of two
    templates of a class stays with the first. For one release of the package the same table comes
    out in every process and on every machine.

    Slots that the language file leaves open (rooms, names of devices, free text) take values
    from ``slot_values``: English, Chinese and German have lists of their own, other languages
    get the English words, and the table's ``source`` says which.

    Args:
        language: code of a language of the package. Some have few templates: their tables have
            few classes, or none.
        exclude: names of classes to leave out.

    Raises:
        ValueError: the package has no such language, or a class to exclude does not exist.
    """
    content = _language_file(language)
    templates = _read_templates(content)
    large = _large_classes(templates)
    wanted = large - set(find_classes(exclude, large))
    kept = {key: domains for key, domains in templates.items() if key[0] in wanted}
    rows, left_out = _expand(kept, content)
    source = (
        f"PyPI package {PACKAGE} {version(PACKAGE)}, language {language}, "
        f"slot values in {slot_language(language)}"
    )
    if left_out:
        source += f"; templates left out that need {', '.join(sorted(left_out))}"
    rows = _each_text_once(rows)
    large = _large_classes((row.class_name, row.group) for row in rows)
    return build_table([row for row in rows if row.class_name in large], source)


def _language_file(language: str) -> dict[str, Any]:
    from home_assistant_intents import get_intents, get_languages

    content = get_intents(language) if language in get_languages() else None
    if content is None:
        raise ValueError(
            f"{PACKAGE} has no language {language!r}; it has: {', '.join(sorted(get_languages()))}"
        )
    return content


def _read_templates(content: Mapping[str, Any]) -> dict[tuple[str, str], list[str]]:
    """From each class and template of it, sorted, to the kinds of device that it may name."""
    domains_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for intent, blocks in content["intents"].items():
        for block in blocks["data"]:
            for text in block["sentences"]:
                domains_of[_class_name(intent, block), text].update(_domains(block))
    return {key: sorted(domains_of[key]) for key in sorted(domains_of)}


def _class_name(intent: str, block: Mapping[str, Any]) -> str:
    kind = block.get("slots", {}).get("domain") or block.get("response", "default")
    return intent if kind == "default" else f"{intent}/{kind}"


def _domains(block: Mapping[str, Any]) -> list[str]:
    domains = block.get("requires_context", {}).get("domain", [])
    return [domains] if isinstance(domains, str) else list(domains)


def _large_classes(templates: Iterable[tuple[str, Hashable]]) -> set[str]:
    """The classes with enough templates, of pairs of a class and a template; a pair counts once."""
    count = Counter(name for name, _ in set(templates))
    return {name for name, number in count.items() if number >= FEWEST_TEMPLATES}


def _expand(
    templates: Mapping[tuple[str, str], Sequence[str]], content: Mapping[str, Any]
) -> tuple[list[Row], set[str]]:
    """Sentences of all templates, and the slots and rules whose templates must be left out."""
    from hassil.intents import Intents

    intents = Intents.from_dict({**content, "intents": {}})
    rows: list[Row] = []
    left_out: set[str] = set()
    for (name, template), domains in templates.items():
        address = ("embedded", intents.language, name, template)
        try:
            texts = sample_texts(template, domains, intents, most=MOST_TEXTS, address=address)
        except UnknownPartError as missing:
            left_out.add(str(missing))
            continue
        rows += [Row(text, name, template) for text in texts]
    return rows, left_out


def _each_text_once(rows: Sequence[Row]) -> list[Row]:
    """Drop what two classes could say from both; keep what one class says twice where it is first.

    So no text stands in two groups, and no group can hand a query item to the support side.
    """
    ambiguous = ambiguous_texts(rows)
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(normalised(row.text), row)
    return [row for text, row in first.items() if text not in ambiguous]
