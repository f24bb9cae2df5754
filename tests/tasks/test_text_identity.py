"""One sentence is one sentence however it is stored, and stays the text that the source wrote."""

import unicodedata

import pytest
import torch
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.leaks import LeakError, assert_episode_is_clean
from metalearn_lab.tasks.table import labelled_columns, text_groups
from metalearn_lab.tasks.text_features import hashed_ngrams
from metalearn_lab.tasks.text_identity import class_key, class_spellings, normalised

SAME = [
    ("caf\u00e9", "cafe\u0301"),
    ("off", "o\ufb00"),
    ("turn on", "\ufefftu\u00adrn\u00a0\u200bon\r\n"),
    ("Stra\u00dfe", "STRASSE"),
    ("ok \u2764", "ok \u2764\ufe0f"),
    ("\uff21", "a"),
]
DIFFERENT = [("resume", "r\u00e9sum\u00e9"), ("a b", "ab"), ("1", "2"), ("it's", "its")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_sentence_in_two_forms_is_one_group_and_one_row_of_ids(one, other):
    assert text_groups([one, other]) == (0, 0)
    ids = hashed_ngrams([one, other])
    assert ids[0].tolist() == ids[1].tolist()


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_sentences_stay_others(one, other):
    assert text_groups([one, other]) == (0, 1)


@given(st.text())
def test_the_key_of_a_key_is_itself_and_of_every_unicode_form(text):
    key = normalised(text)
    assert normalised(key) == key
    assert {normalised(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")} == {key}


def test_names_of_classes_keep_their_case_and_their_small_figures():
    assert len({class_key(name) for name in ("Ok", "ok", "H2O", "H\u2082O")}) == 4
    names = ["cafe\u0301", "caf\u00e9", "bar\u200b", "bar"]
    assert class_spellings(names) == class_spellings(names[::-1])
    assert set(class_spellings(names).values()) == {"caf\u00e9", "bar"}


def test_no_sentence_is_on_both_sides_of_an_episode_in_two_forms():
    words = [f"caf\u00e9 {number}" for number in range(4)]
    both = [text for word in words for text in (word, unicodedata.normalize("NFD", word))]
    texts = [f"{text} {name}" for name in "ab" for text in both]
    rows = Dataset.from_dict({"text": texts, "label": [0] * len(both) + [1] * len(both)})
    sampler = EpisodeSampler.from_dataset(
        rows, "label", lambda t: torch.arange(len(t)), ways=2, shots=2, queries=2
    )
    groups = text_groups(texts)
    for index in range(50):
        assert_episode_is_clean(sampler.episode(index), groups)
    apart = EpisodeSampler(
        torch.arange(len(texts)), rows["label"], ways=2, shots=4, queries=4, groups=None
    )
    with pytest.raises(LeakError, match="near copies of support items"):
        assert_episode_is_clean(apart.episode(0), groups)


def test_a_row_without_text_or_class_is_named():
    for column, missing, words in (
        ("text", None, "no text, but None"),
        ("label", None, "no class"),
    ):
        rows = {"text": ["a", "b"], "label": ["x", "y"]}
        rows[column][1] = missing
        with pytest.raises(ValueError, match=rf"row 1 \(counted from 0\) has {words}"):
            labelled_columns(Dataset.from_dict(rows), "text", "label")
