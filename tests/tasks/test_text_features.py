"""Hashed n-grams and words: the same ids everywhere, nothing fitted, bad input refused."""

import zlib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.tasks.text_features import hashed_ngrams, word_counts, word_ids
from metalearn_lab.tasks.text_identity import normalised

TEXTS = st.lists(st.text(min_size=1).filter(normalised), min_size=1, max_size=5)


def test_ids_are_those_of_the_n_grams_written_out():
    ids = hashed_ngrams(["Hi"], buckets=1000, sizes=(2, 3))
    grams = [" h", " hi", "hi", "hi ", "i "]
    assert ids.tolist() == [[1 + zlib.crc32(gram.encode()) % 999 for gram in grams]]


@given(TEXTS)
def test_a_row_does_not_depend_on_the_other_rows(texts):
    together = hashed_ngrams(texts)
    for row, text in zip(together, texts, strict=True):
        alone = hashed_ngrams([text])[0]
        assert row[: len(alone)].tolist() == alone.tolist()
        assert row[len(alone) :].eq(0).all(), "the rest is padding"


@given(TEXTS)
def test_ids_lie_within_the_table_and_no_text_is_all_padding(texts):
    ids = hashed_ngrams(texts, buckets=50)
    assert ids.min() >= 0
    assert ids.max() < 50
    assert (ids[:, 0] > 0).all()


def test_case_and_spacing_do_not_matter():
    one, other = hashed_ngrams(["Turn  ON the\tlight", "turn on the light"])
    assert one.tolist() == other.tolist()


def test_a_text_shorter_than_the_shortest_n_gram_is_its_own_n_gram():
    assert (hashed_ngrams(["a"], sizes=(5,)) > 0).sum() == 1


def test_the_longest_text_is_cut_where_it_says():
    assert hashed_ngrams(["a long sentence " * 50, "short"], longest=40).shape == (2, 40)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hashed_ngrams([]), "no texts to encode"),
        (lambda: hashed_ngrams(["ok", "  "]), r"text 1 \(counted from 0\) has no text, but '  '"),
        (lambda: hashed_ngrams(["ok"], buckets=1), r"buckets must be 2 or more .* got 1"),
        (lambda: hashed_ngrams(["ok"], sizes=()), r"sizes must be n-gram lengths .* got \(\)"),
        (lambda: hashed_ngrams(["ok"], sizes=(0, 2)), r"sizes must be n-gram lengths .*\(0, 2\)"),
        (lambda: hashed_ngrams(["ok"], longest=0), "longest must be 1 n-gram or more, got 0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_word_ids_are_those_of_the_words_written_out():
    ids = word_ids(["Don't stop, DON'T!", "?!", "one"], buckets=1000)
    words = [["don't", "stop", "don't"], ["?!"], ["one"]]
    expected = [[1 + zlib.crc32(word.encode()) % 999 for word in row] for row in words]
    assert ids.tolist() == [row + [0] * (3 - len(row)) for row in expected]


@given(TEXTS)
def test_hashed_words_lie_within_the_table_and_no_text_is_all_padding(texts):
    ids = word_ids(texts, buckets=50)
    assert ids.min() >= 0
    assert ids.max() < 50
    assert (ids[:, 0] > 0).all()
    assert word_ids(texts[:1], buckets=50)[0].tolist() == [i for i in ids[0].tolist() if i]


def test_with_a_vocabulary_a_word_has_the_row_of_its_vector():
    vocabulary = ["the", "Light", "on", "light"]
    ids = word_ids(["turn on the light", "the lamp", "turn"], vocabulary)
    assert ids.tolist() == [[3, 1, 2], [1, 0, 0], [0, 0, 0]]
    assert word_ids(["the light on"], vocabulary, longest=2).tolist() == [[1, 2]]


def test_words_are_counted_by_class_and_in_the_pool_alone():
    ids = torch.tensor([[1, 2, 2], [3, 0, 0], [2, 1, 0], [4, 4, 4]])
    counts = word_counts(ids, [0, 2, 0, 1], [0, 2], vocabulary=5)
    expected = [[0, 2, 3, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 1, 0]]
    assert counts.tolist() == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: word_ids([]), "no texts to encode"),
        (lambda: word_ids([" "]), "text 0"),
        (lambda: word_ids(["ok"], buckets=1), "buckets must be 2 or more"),
        (lambda: word_ids(["ok"], longest=0), "longest must be 1 word or more, got 0"),
        (lambda: word_ids(["ok"], ["oui"]), "the vocabulary has no word of these texts"),
        (
            lambda: word_counts(torch.ones(2, 3, dtype=int), [0], [0], vocabulary=2),
            r"\[1\] labels for 2 texts",
        ),
        (
            lambda: word_counts(torch.full((1, 1), 7), [0], [0], vocabulary=7),
            r"ids must lie in 0, …, 6, got 7 to 7",
        ),
    ],
)
def test_bad_words_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    with pytest.raises(TypeError, match="got one text"):
        word_ids("ok")
