"""A word and its neighbours as one vector: character n-grams of each, then two layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from metalearn_lab.models.mlp import initialise
from metalearn_lab.models.text_encoder import BagOfNgrams
from metalearn_lab.tasks.text_features import hashed_ngrams


class WordWindow(nn.Module):
    """Mean n-gram embedding of each word of a window, side by side, then two layers and a head.

    Args:
        buckets: size of the hashed n-gram table.
        window: words in the window.
        classes: outputs of the head, which starts at zero.
        dim: size of an embedding.
        hidden: units of the first layer.
        features: units of the second, the size of what ``body`` returns.
        seed: of the initial weights.

    Attributes:
        body: from ids ``[tokens, window, length]`` to features ``[tokens, features]``.

    Raises:
        ValueError: a size below 1.
    """

    def __init__(
        self,
        buckets: int,
        window: int,
        classes: int,
        *,
        dim: int = 32,
        hidden: int = 96,
        features: int = 48,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if min(window, classes, hidden, features) < 1:
            raise ValueError(
                f"window, classes, hidden and features must be 1 or more, got {window}, {classes}, "
                f"{hidden} and {features}"
            )
        self.body = nn.Sequential(
            BagOfNgrams(buckets, dim, seed=seed),
            nn.Flatten(-2),
            skip_init(nn.Linear, window * dim, hidden),
            nn.ReLU(),
            skip_init(nn.Linear, hidden, features),
        )
        self.head = skip_init(nn.Linear, features, classes)
        initialise(self.body, "word window", seed)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids ``[tokens, window, length]`` to scores ``[tokens, classes]``."""
        return self.head(self.body(ids))


def window_ids(
    sentences: Sequence[Sequence[str]], *, around: int = 2, buckets: int = 4096, longest: int = 20
) -> Tensor:
    """N-gram ids of every token and its neighbours, sentence after sentence.

    Args:
        sentences: the words of each.
        around: neighbours on each side; beyond the sentence there are none, and their ids are 0.
        buckets: number of ids, see ``hashed_ngrams``.
        longest: n-grams kept of a word.

    Returns:
        int64 ``[tokens, 2 · around + 1, length]``.

    Raises:
        ValueError: no words, or one that is empty.
    """
    words = list(dict.fromkeys(word for sentence in sentences for word in sentence))
    ids = hashed_ngrams(words, buckets=buckets, sizes=(2, 3), longest=longest)
    ids = torch.cat([torch.zeros_like(ids[:1]), ids])  # row 0: no word
    number = {word: i for i, word in enumerate(words, 1)}
    rows = []
    for sentence in sentences:
        padded = torch.tensor([0] * around + [number[w] for w in sentence] + [0] * around)
        rows.append(padded.unfold(0, 2 * around + 1, 1))
    return ids[torch.cat(rows)]
