"""The descriptions of the intents: one for each class, and no sentence or other name in it."""

import csv
from importlib.resources import files

import pytest

from metalearn_lab.experiments.three_samplers import name_in_words
from metalearn_lab.tasks.sources import load_table
from metalearn_lab.tasks.sources.intent_descriptions import intent_descriptions
from metalearn_lab.tasks.text_identity import normalised


@pytest.fixture(scope="module")
def table():
    return load_table("embedded")


@pytest.fixture(scope="module")
def descriptions(table):
    return intent_descriptions(table.classes)


def test_each_class_has_its_own(table, descriptions):
    path = files("metalearn_lab.tasks.sources").joinpath("intent_descriptions_en.csv")
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert [row["class"] for row in rows] == sorted(table.classes)
    assert len({normalised(text) for text in descriptions}) == len(table.classes)
    assert intent_descriptions(table.classes[3:1:-1]) == descriptions[3:1:-1]


def test_each_is_one_sentence(descriptions):
    for text in descriptions:
        assert text[0].isupper()
        assert text.index(".") == len(text) - 1
        assert 4 <= len(text.split()) <= 16


def test_none_has_the_name_of_another_class(table, descriptions):
    for own, text in zip(table.classes, descriptions, strict=True):
        for other in table.classes:
            if other != own:
                assert other not in text
                assert f" {name_in_words(other)} " not in f" {normalised(text).rstrip('.')} "


def test_none_is_a_sentence_of_the_table(table, descriptions):
    sentences = {normalised(text) for text in table.texts}
    for text in descriptions:
        assert normalised(text) not in sentences
        assert normalised(text).rstrip(".") not in sentences


def test_a_class_without_one_is_refused():
    with pytest.raises(ValueError, match="no description of HassDance"):
        intent_descriptions(["HassTurnOn", "HassDance"])
