"""A small Transformer encoder for text classification, differentiable twice."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from metalearn_lab.models.dense import Dense
from metalearn_lab.models.mlp import initialise
from metalearn_lab.models.text_encoder import shares_of_tokens
from metalearn_lab.tasks.seeds import generator


class Transformer(nn.Module):
    """Token and position embeddings, encoder layers, mean over the tokens, a linear head.

    Layers normalise before they act (pre-norm), without scale and shift: the dense layer behind
    each norm has both, and layer norm without them is exact under ``vmap``. Attention is written
    as its formula, because the fused kernels have no second derivative.

    Args:
        tokens: size of the vocabulary; id 0 is padding and has no influence.
        ways: N, the number of classes of an episode.
        length: the most tokens of a text.
        dim: d, size of an embedding.
        layers: encoder layers.
        heads: attention heads; divides ``dim``.
        hidden: units of each feed-forward layer.
        seed: of the initial weights.

    Raises:
        ValueError: a size below 1, fewer than two tokens, or heads that do not divide ``dim``.

    Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017; pre-norm: Xiong et al.,
    "On Layer Normalization in the Transformer Architecture", ICML 2020.
    """

    def __init__(
        self,
        tokens: int,
        ways: int,
        *,
        length: int = 32,
        dim: int = 128,
        layers: int = 2,
        heads: int = 4,
        hidden: int = 512,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if min(ways, length, dim, layers, heads, hidden) < 1 or tokens < 2:
            raise ValueError(
                "a Transformer needs 2 tokens (one is padding) and sizes of 1 or more, got "
                f"{tokens=}, {ways=}, {length=}, {dim=}, {layers=}, {heads=}, {hidden=}"
            )
        if dim % heads:
            raise ValueError(f"heads must divide dim, got {heads} heads for {dim} dimensions")
        self.body = Encoder(
            tokens, length, dim, [EncoderLayer(dim, heads, hidden) for _ in range(layers)], seed
        )
        self.head = skip_init(nn.Linear, dim, ways)
        initialise(self, "transformer", seed)

    def forward(self, ids: Tensor) -> Tensor:
        """Map token ids ``[items, length]``, 0 where there is none, to scores ``[items, ways]``."""
        return self.head(self.body(ids))


class Encoder(nn.Module):
    """The features of a text: the mean of its tokens after all layers."""

    def __init__(
        self, tokens: int, length: int, dim: int, layers: list[EncoderLayer], seed: int
    ) -> None:
        super().__init__()
        numbers = generator("transformer embeddings", seed)
        self.embedding = nn.Parameter(torch.randn(tokens, dim, generator=numbers))
        self.position = nn.Parameter(torch.randn(length, dim, generator=numbers))
        self.layers = nn.ModuleList(layers)

    def forward(self, ids: Tensor) -> Tensor:
        """Map token ids ``[items, length]`` to features ``[items, dim]``."""
        h = F.embedding(ids, self.embedding) + self.position[: ids.shape[-1]]
        # A number that no score can outweigh, and not −∞, for a text may be all padding.
        mask = (((ids != 0).to(h.dtype) - 1) * 1e9)[:, None, None, :]
        for layer in self.layers:
            h = layer(h, mask)
        return (normalised(h) * shares_of_tokens(ids, h.dtype)[..., None]).sum(-2)


class EncoderLayer(nn.Module):
    """h + attention(norm(h)), then h + dense(ReLU(dense(norm(h))))."""

    def __init__(self, dim: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.attention = SelfAttention(dim, heads)
        self.widen = skip_init(Dense, dim, hidden)
        self.narrow = skip_init(Dense, hidden, dim)

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        """Map ``[items, length, dim]`` to the same shape."""
        h = h + self.attention(normalised(h), mask)
        return h + self.narrow(F.relu(self.widen(normalised(h))))


class SelfAttention(nn.Module):
    """softmax(Q Kᵀ / √d) V in several heads, with one dense layer for Q, K and V."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = skip_init(Dense, dim, 3 * dim)
        self.out = skip_init(Dense, dim, dim)

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        """Map ``[items, length, dim]`` to the same shape.

        Args:
            h: the tokens.
            mask: added to the scores, ``[items, 1, 1, length]``: very negative at padding.
        """
        split = self.query_key_value(h).unflatten(-1, (3, self.heads, -1))
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each [items, heads, length, d]
        scores = query @ key.mT / query.shape[-1] ** 0.5 + mask
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).flatten(-2)
        return self.out(mixed)


def normalised(h: Tensor) -> Tensor:
    """Layer norm without scale and shift."""
    return F.layer_norm(h, h.shape[-1:])
