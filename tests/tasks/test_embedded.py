import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import home_assistant_intents
import pytest
from hassil import recognize_all
from hassil.intents import Intents, TextSlotList

from metalearn_lab.tasks.sources import load_table
from metalearn_lab.tasks.sources.slot_values import slot_values
from metalearn_lab.tasks.table import LabelledTable, normalised

DIGEST = """
import hashlib
from metalearn_lab.tasks.sources import load_table
table = load_table("embedded", language="zh-CN")
print(hashlib.sha256(repr(table).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def english() -> LabelledTable:
    return load_table("embedded")


def plant(monkeypatch: pytest.MonkeyPatch, intents: dict[str, list[str]], **content: Any) -> None:
    """Let the package offer one small language of these templates by intent."""
    blocks = {name: {"data": [{"sentences": texts}]} for name, texts in intents.items()}
    planted = {"language": "xx", "intents": blocks, **content}
    monkeypatch.setattr(home_assistant_intents, "get_languages", lambda: ["xx"])
    monkeypatch.setattr(home_assistant_intents, "get_intents", lambda language: planted)


def test_english_has_the_size_that_the_chapters_count_on(english: LabelledTable) -> None:
    assert 40 <= len(english.classes) <= 70
    assert len(set(english.groups)) >= 600
    assert len(english) >= 4000
    assert {"HassTurnOn/light", "HassTurnOff/light", "HassGetWeather"} <= set(english.classes)
    assert re.fullmatch(
        r"PyPI package home-assistant-intents \S+, language en, slot values in en", english.source
    )
    assert english.published_split is None


def test_every_class_has_three_templates_and_every_template_at_most_eight_texts(
    english: LabelledTable,
) -> None:
    templates = defaultdict(set)
    texts = defaultdict(list)
    for text, label, group in zip(english.texts, english.labels, english.groups, strict=True):
        templates[label].add(group)
        texts[group].append(text)
    assert set(templates) == set(range(len(english.classes)))
    assert min(map(len, templates.values())) >= 3
    assert max(map(len, texts.values())) == 8
    assert sum(map(len, templates.values())) == len(texts), "a group lies in one class"


def test_no_text_stands_twice_in_any_form(english: LabelledTable) -> None:
    assert len({normalised(text) for text in english.texts}) == len(english)


def test_hassil_understands_the_sentences_as_their_class(english: LabelledTable) -> None:
    """The recogniser is the oracle: it must find the class's intent in each sentence."""
    content = home_assistant_intents.get_intents("en")
    assert content is not None
    for intent in content["intents"].values():
        for block in intent["data"]:
            block.pop("requires_context", None)  # needs a home with devices
    intents = Intents.from_dict(content)
    slots = {
        slot: TextSlotList.from_strings(slot_values("en", slot), name=slot)
        for slot in ("area", "floor", "name")
    }
    for row in range(0, len(english), 60):
        intent = english.classes[english.labels[row]].split("/")[0]
        understood = recognize_all(english.texts[row], intents, slot_lists=slots)
        assert intent in {result.intent.name for result in understood}, english.texts[row]


def test_all_languages_read_as_plain_text() -> None:
    languages = home_assistant_intents.get_languages()
    assert len(languages) >= 65
    for language in languages:
        table = load_table("embedded", language=language)
        for text in table.texts:
            assert not re.search(r"[{}\[\]<>|\\;]|\s\s|^\s|\s$|[^\S ]", text), (language, text)


def test_chinese_has_no_spaces_and_its_own_slot_values() -> None:
    table = load_table("embedded", language="zh-CN")
    assert len(table.classes) >= 30
    assert not [text for text in table.texts if " " in text]
    assert any("厨房" in text for text in table.texts)
    assert table.source.endswith("language zh-CN, slot values in zh-CN")


def test_traditional_chinese_slot_values_have_no_simplified_characters() -> None:
    values = "".join(slot_values("zh-TW", "name") + slot_values("zh-TW", "area"))
    assert not set("厅厨卧书车门灯电视热气东广绿学头") & set(values)


def test_a_language_without_lists_says_whose_it_uses() -> None:
    table = load_table("embedded", language="fr")
    assert table.source.endswith("language fr, slot values in en")


def test_a_language_with_too_few_templates_is_an_empty_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch, {"A": ["a1", "a2"], "B": ["b1"]})
    table = load_table("embedded", language="xx")
    assert (table.texts, table.classes) == ((), ())


def test_same_table_in_another_process_and_under_another_hash_seed(repository: Path) -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(repository)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_table_does_not_depend_on_the_order_of_the_file(
    english: LabelledTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = home_assistant_intents.get_intents("en")
    assert content is not None
    content["intents"] = dict(reversed(content["intents"].items()))
    for intent in content["intents"].values():
        intent["data"] = [
            {**block, "sentences": block["sentences"][::-1]} for block in intent["data"][::-1]
        ]
    monkeypatch.setattr(home_assistant_intents, "get_intents", lambda language: content)
    assert load_table("embedded") == english


def test_text_of_two_classes_is_dropped_from_both(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, {"A": ["a1", "a2", "a3", "Both"], "B": ["b1", "b2", "b3", "both"]})
    table = load_table("embedded", language="xx")
    assert table.texts == ("a1", "a2", "a3", "b1", "b2", "b3")


def test_text_of_two_templates_of_a_class_stays_with_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch, {"A": ["go", "go[ on]", "stop", "wait"]})
    table = load_table("embedded", language="xx")
    assert sorted(table.texts) == ["go", "go on", "stop", "wait"]
    assert len(set(table.groups)) == 4


def test_class_left_with_two_templates_by_dropping_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch, {"A": ["a1", "a2", "both"], "B": ["b1", "b2", "b3", "both"], "C": ["c"]})
    assert load_table("embedded", language="xx").classes == ("B",)


def test_templates_with_unknown_parts_are_left_out_and_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch, {"A": ["a1", "a2", "a3", "call {spaceship}", "<greet> you"]})
    table = load_table("embedded", language="xx")
    assert table.texts == ("a1", "a2", "a3")
    assert table.source.endswith("; templates left out that need <greet>, {spaceship}")


def test_rules_lists_ranges_and_permutations_are_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(
        monkeypatch,
        {"A": ["<set> {level}", "({colour};now)", "in {area}"]},
        lists={
            "level": {"range": {"from": 10, "to": 12}},
            "colour": {"values": [{"in": "(red|blue)", "out": 1}]},
        },
        expansion_rules={"set": "(set|put)"},
    )
    texts = set(load_table("embedded", language="xx").texts)
    assert {f"{verb} {level}" for verb in ("set", "put") for level in (10, 11, 12)} <= texts
    assert {"red now", "blue now", "now red", "now blue"} <= texts
    assert {text for text in texts if text.startswith("in ")} <= {
        f"in {area}" for area in slot_values("en", "area")
    }


def test_names_are_those_of_the_devices_asked_for() -> None:
    locks = slot_values("en", "name", ["lock"])
    assert "front door" in locks
    assert "chandelier" not in locks
    assert set(slot_values("en", "name", ["lock", "light"])) == {
        *locks,
        *slot_values("en", "name", ["light"]),
    }
    assert set(locks) < set(slot_values("en", "name"))


def test_unknown_language_lists_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"has no language 'tlh'; it has: af, ar, .*zh-TW"):
        load_table("embedded", language="tlh")


def test_exclude_leaves_a_class_out(english: LabelledTable) -> None:
    table = load_table("embedded", exclude=("HassGetWeather",))
    assert set(english.classes) - set(table.classes) == {"HassGetWeather"}


def test_excluding_an_unknown_class_names_the_classes() -> None:
    with pytest.raises(ValueError, match=r"no class named \['Weather'\].*HassGetWeather"):
        load_table("embedded", exclude=("Weather",))
