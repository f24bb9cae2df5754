"""A small Transformer encoder for text classification, differentiable twice."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.models.dense import Dense
from metalearn_lab.models.mlp import blank_linear, initialise
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
        self.body = Encoder(tokens, length, dim, seed)
        for _ in range(layers):
            self.body.layers.append(EncoderLayer(dim, heads, hidden))
        self.head = blank_linear(dim, ways)
        initialise(self, "transformer", seed)

    def forward(self, ids: Tensor) -> Tensor:
        """Map token ids ``[items, length]``, 0 where there is none, to scores ``[items, ways]``."""
        scores: Tensor = self.head(self.body(ids))
        return scores


class Encoder(nn.Module):
    """The features of a text: the mean of its tokens after all layers."""

    def __init__(self, tokens: int, length: int, dim: int, seed: int) -> None:
        super().__init__()
        numbers = generator("transformer embeddings", seed)
        self.embedding = nn.Parameter(torch.randn(tokens, dim, generator=numbers))
        self.position = nn.Parameter(torch.randn(length, dim, generator=numbers))
        self.layers = nn.ModuleList()

    def forward(self, ids: Tensor) -> Tensor:
        """Map token ids ``[items, length]`` to features ``[items, dim]``."""
        present = (ids != 0).to(self.embedding.dtype)
        h = F.embedding(ids, self.embedding) + self.position[: ids.shape[-1]]
        # A number that no score can outweigh, and not −∞, for a text may be all padding.
        mask = ((present - 1) * 1e9)[:, None, None, :]
        for layer in self.layers:
            h = layer(h, mask)
        share = present / present.sum(-1, keepdim=True).clamp(min=1)
        return (normalised(h) * share[..., None]).sum(-2)


class EncoderLayer(nn.Module):
    """h + attention(norm(h)), then h + dense(ReLU(dense(norm(h))))."""

    def __init__(self, dim: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.attention = SelfAttention(dim, heads)
        self.widen = blank_dense(dim, hidden)
        self.narrow = blank_dense(hidden, dim)

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        """Map ``[items, length, dim]`` to the same shape."""
        h = h + self.attention(normalised(h), mask)
        h = h + self.narrow(F.relu(self.widen(normalised(h))))
        return h


class SelfAttention(nn.Module):
    """softmax(Q Kᵀ / √d) V in several heads, with one dense layer for Q, K and V."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = blank_dense(dim, 3 * dim)
        self.out = blank_dense(dim, dim)

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
        tokens: Tensor = self.out(mixed)
        return tokens


def normalised(h: Tensor) -> Tensor:
    """Layer norm without scale and shift."""
    return F.layer_norm(h, h.shape[-1:])


def blank_dense(inputs: int, outputs: int) -> Dense:
    """A dense layer whose weights are yet to be filled, made without a global random number."""
    return Dense(inputs, outputs, device="meta").to_empty(device="cpu")
