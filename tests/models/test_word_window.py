"""A word's vector depends on its n-grams and its neighbours, and on nothing else."""

import pytest
import torch

from metalearn_lab.models.sentence_encoder import encode_words
from metalearn_lab.models.word_window import WordWindow, window_ids

SENTENCES = [["the", "train", "to", "Oslo"], ["Oslo"], ["to", "Oslo", "the"]]


def test_ids_are_those_of_the_window():
    ids = window_ids(SENTENCES, around=1)
    assert ids.shape[:2] == (8, 3)
    assert not ids[0, 0].any(), "before the first word there is none"
    assert not ids[3, 2].any(), "after the last word there is none"
    assert (ids[3, 1] == ids[4, 1]).all(), "the same word"
    assert (ids[3, 0] == ids[6, 0]).all(), "the same word before it"


def test_a_vector_depends_on_the_window_alone():
    model = WordWindow(64, 3, 2, dim=4, hidden=5, features=6)
    ids = window_ids(SENTENCES, around=1, buckets=64)
    features = model.body(ids)
    assert features.shape == (8, 6)
    assert not model(ids).any(), "the head starts at zero"
    alone = model.body(window_ids([SENTENCES[2]], around=1, buckets=64))
    width = min(ids.shape[2], 20)
    assert width == ids.shape[2]
    assert torch.allclose(alone, features[5:], atol=1e-6)
    again = WordWindow(64, 3, 2, dim=4, hidden=5, features=6).body(ids)
    assert torch.equal(again, features)
    with pytest.raises(ValueError, match="must be 1 or more"):
        WordWindow(64, 0, 2)


def test_a_word_is_the_mean_of_its_pieces():
    vectors = encode_words([["lessons", "in", "Kimbundu"], ["we", "left"]])
    assert vectors.shape == (5, 384)
    alone = encode_words([["we", "left"]])
    assert torch.allclose(vectors[3:], alone, atol=1e-4), "padding changes nothing"
    assert not torch.allclose(vectors[1], encode_words([["in"]])[0], atol=1e-2), "context counts"
    with pytest.raises(ValueError, match="no sentences"):
        encode_words([])
