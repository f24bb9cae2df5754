"""A hidden word is hidden everywhere; a sentence is in one class; too little text is refused."""

import pytest

from metalearn_lab.tasks.docstrings import TRAINING, authors
from metalearn_lab.tasks.masked_words import MASK, masked, masked_word_table

SENTENCES = [
    *(f"The array number {i} is sorted." for i in range(6)),
    *(f"Each column of table {i} has a name." for i in range(6)),
    "The mean of means is a mean.",
]


def test_no_class_can_be_copied_from_its_sentence():
    for sentences, least in ((SENTENCES, 2), (authors()[TRAINING[2]], 5)):
        table = masked_word_table(sentences, least=least)
        for text, label in zip(table.texts, table.labels, strict=True):
            assert table.classes[label] not in text.lower()
            assert text.count(MASK) == 1


def test_a_sentence_is_in_one_class_and_classes_are_bounded():
    sentences = authors()[TRAINING[2]]
    table = masked_word_table(sentences, least=5, most=9)
    originals = []
    for text, label in zip(table.texts, table.labels, strict=True):
        word = table.classes[label]
        originals += [s for s in sentences if masked_or_none(s, word) == text]
        assert len(word) >= 4
    assert len(originals) == len(set(originals)) == len(table)
    sizes = [len(table.rows_of(name)) for name in table.classes]
    assert min(sizes) >= 5
    assert max(sizes) <= 9


def masked_or_none(sentence, word):
    return masked(sentence, word) if sentence.lower().count(word) == 1 else None


def test_a_word_that_stands_twice_is_refused():
    with pytest.raises(ValueError, match="must stand once"):
        masked(SENTENCES[-1], "mean")
    assert masked("Means of a mean.", "of") == f"Means {MASK} a mean."


def test_too_little_text_is_refused():
    with pytest.raises(ValueError, match="give more text"):
        masked_word_table(SENTENCES, least=50)
