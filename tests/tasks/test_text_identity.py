"""One text however it is stored: for duplicates, groups, leaks, features and class names."""

import unicodedata

import datasets
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.tasks.class_splits import ClassSplit
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.leaks import LeakError, assert_split_texts_disjoint
from metalearn_lab.tasks.table import LabelledTable, Row, ambiguous_texts, find_classes, text_groups
from metalearn_lab.tasks.text_features import hashed_ngrams
from metalearn_lab.tasks.text_identity import class_key, class_spellings, normalised

SAME = [
    ("caf\u00e9", "cafe\u0301"),  # composed, decomposed
    ("light", "li\u00adght"),  # soft hyphen
    ("light", "\ufefflight\u200b"),  # byte order mark, zero-width space
    ("on 2", "\uff4f\uff4e\u3000\uff12"),  # wide forms, ideographic space
    ("off", "o\ufb00"),  # ligature
    ("Stra\u00dfe", "STRASSE"),
    ("\u2764", "\u2764\ufe0f"),  # emoji style
    ("a b", "a\u00a0 b"),  # no-break space
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_sentence_has_one_key_one_group_and_one_row_of_ids(one: str, other: str) -> None:
    assert one != other
    assert normalised(one) == normalised(other)
    assert text_groups([one, other, "else"]) == (0, 0, 1)
    ids = hashed_ngrams([one, other])
    assert torch.equal(ids[0], ids[1])
    assert len(ambiguous_texts([Row(one, "a", 0), Row(other, "b", 1)])) == 1


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_leak_between_splits_is_seen_in_every_form(one: str, other: str) -> None:
    table = LabelledTable((one, other, "x"), (0, 1, 2), ("a", "b", "c"), (0, 1, 2), "test")
    with pytest.raises(LeakError, match="1 texts are in both train and validation"):
        assert_split_texts_disjoint(table, ClassSplit((0,), (1,), (2,)))


@given(st.text())
def test_the_key_of_a_key_is_the_key(text: str) -> None:
    key = normalised(text)
    assert normalised(key) == key
    assert normalised(unicodedata.normalize("NFD", text)) == key


@pytest.mark.parametrize(("one", "other"), [("a", "\u00e4"), ("on", "off"), ("i", "1")])
def test_other_words_stay_other_sentences(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_composed_and_decomposed_never_stand_on_both_sides_of_an_episode() -> None:
    texts = [f"caf\u00e9 {word}" for word in "abcdefgh"]
    texts += [unicodedata.normalize("NFD", text) for text in texts]
    labels = ["x" if text[-1] in "abcd" else "y" for text in texts]
    data = datasets.Dataset.from_dict({"text": texts, "label": labels})
    sampler = EpisodeSampler.from_dataset(
        data, "label", hashed_ngrams, ways=2, shots=1, queries=2, seed=0
    )
    for index in range(30):
        episode = sampler.episode(index)
        support, query = (
            {normalised(texts[row]) for row in rows.tolist()}
            for rows in (episode.support_rows, episode.query_rows)
        )
        assert not support & query


def test_a_class_has_one_name_however_it_is_written() -> None:
    composed, decomposed, hidden = "caf\u00e9", "cafe\u0301", "caf\u00e9\u200b"
    spelling = class_spellings([hidden, decomposed, composed])
    assert set(spelling.values()) == {composed}
    assert find_classes([decomposed], [composed, "tea"]) == (composed,)
    assert class_key("Cafe") != class_key("cafe"), "case tells classes apart"
    assert class_key("H\u2082O") != class_key("H2O")
    with pytest.raises(ValueError, match="class names must differ"):
        LabelledTable((), (), (composed, decomposed), (), "test")


def test_string_labels_in_two_forms_are_one_class() -> None:
    data = datasets.Dataset.from_dict(
        {"text": [*"abcd"], "label": ["caf\u00e9", "cafe\u0301", "tea", "tea\u200b"]}
    )
    sampler = EpisodeSampler.from_dataset(data, "label", hashed_ngrams, ways=2, shots=1, queries=1)
    assert sampler.classes == (0, 1)
