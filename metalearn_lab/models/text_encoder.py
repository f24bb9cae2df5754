"""A small text classifier that adapts in milliseconds: n-gram embeddings, mean, hidden layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from metalearn_lab.models.mlp import MLP, initialise
from metalearn_lab.tasks.seeds import generator


class BagOfNgrams(nn.Module):
    """Mean embedding of a sentence's n-grams.

    A plain embedding and a mean, because ``F.embedding_bag`` has no second derivative and MAML
    through it fails.

    Args:
        buckets: rows of the table; row 0 is padding and never used.
        dim: size of an embedding.
        seed: of the initial table.

    Raises:
        ValueError: fewer than two buckets or one dimension.
    """

    def __init__(self, buckets: int, dim: int, *, seed: int = 0) -> None:
        super().__init__()
        if buckets < 2 or dim < 1:
            raise ValueError(
                f"a table needs 2 buckets (one is padding) and 1 dimension, got {buckets} and {dim}"
            )
        numbers = generator("bag of n-grams", seed)
        self.table = nn.Parameter(torch.randn(buckets, dim, generator=numbers))

    def forward(self, ids: Tensor) -> Tensor:
        """Map n-gram ids ``[..., length]``, 0 where there is none, to ``[..., dim]``."""
        shares = shares_of_tokens(ids, self.table.dtype)
        return (F.embedding(ids, self.table) * shares.unsqueeze(-1)).sum(-2)

    def shares(self, ids: Tensor) -> Tensor:
        """Each bucket's share of a sentence's n-grams: ``[..., length]`` to ``[..., buckets]``.

        ``forward(ids)`` is ``shares(ids) @ table``; this form is for adapting the table.
        """
        shares = shares_of_tokens(ids, self.table.dtype)
        empty = shares.new_zeros(*ids.shape[:-1], self.table.shape[0])
        return empty.scatter_add(-1, ids, shares)


class TextClassifier(nn.Module):
    """Bag of n-grams, one hidden layer, and a linear head that starts at zero.

    The head starts at zero because class order in an episode is arbitrary: before adaptation
    every class is equally likely.

    Args:
        buckets: size of the hashed n-gram table.
        ways: N, the number of classes of an episode.
        dim: size of an embedding.
        hidden: units of the hidden layer, the size of the features that ``body`` returns.
        seed: of the initial weights.

    Attributes:
        input_layer: name of the one layer that meets the input, see ``running.low_rank``.

    Raises:
        ValueError: a size below 1.
    """

    input_layer = "body.0"

    def __init__(
        self, buckets: int, ways: int, *, dim: int = 32, hidden: int = 64, seed: int = 0
    ) -> None:
        super().__init__()
        if ways < 1 or hidden < 1:
            raise ValueError(f"ways and hidden must be 1 or more, got {ways} and {hidden}")
        self.body = nn.Sequential(
            BagOfNgrams(buckets, dim, seed=seed), skip_init(nn.Linear, dim, hidden), nn.ReLU()
        )
        self.head = skip_init(nn.Linear, hidden, ways)
        initialise(self.body, "text classifier", seed)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, ids: Tensor) -> Tensor:
        """Map n-gram ids ``[items, length]`` to class scores ``[items, ways]``."""
        return self.head(self.body(ids))


def shares_of_tokens(ids: Tensor, dtype: torch.dtype) -> Tensor:
    """What each token of a text counts in its mean, padding nothing: ``[..., length]``."""
    present = (ids != 0).to(dtype)
    return present / present.sum(-1, keepdim=True).clamp(min=1)


def above_table(model: TextClassifier) -> MLP:
    """The layers above the n-gram table, the same weights, for inputs ``model.body[0](ids)``.

    What no step moves need be computed once only: where the table does not adapt, a sentence is
    its mean embedding, and ``body.0`` and ``head`` are all there is to run.
    """
    hidden: nn.Linear = model.body[1]  # type: ignore[assignment]
    layers = MLP([hidden.in_features, hidden.out_features, model.head.out_features])
    layers.body[0], layers.head = hidden, model.head
    return layers
