"""A small Transformer that answers at every token of a sequence, differentiable twice."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from metalearn_lab.models.mlp import initialise
from metalearn_lab.models.transformer import EncoderLayer, normalised
from metalearn_lab.tasks.seeds import generator


class SequenceTransformer(nn.Module):
    """Embedded tokens, pre-norm layers of attention and dense units, an output for each token.

    A token is an id, as the characters of a language model are, or a vector of numbers, as the
    pair (x, y) of a point is; an id is embedded as its one-hot vector would be. Which tokens a
    token reads is the mask's choice: those before it (*causal*), all, or what ``reads`` says.

    The head starts at zero, so before training all outputs are 0, and the loss of a language model
    is ln V. The layers are those of ``Transformer``: plain formulas, which have all derivatives.

    Args:
        inputs: size of the vocabulary, V, or how many numbers a token has.
        outputs: numbers of an answer; ``inputs`` when not given, as a language model needs.
        length: the most tokens of a sequence, each with a position of its own; without it all
            share one, so that their order is seen through the mask alone.
        causal: let each token read those before it and itself; otherwise all tokens.
        dim: d, size of an embedding.
        layers: how many.
        heads: attention heads; divides ``dim``.
        hidden: units between the two dense maps of a layer; 4 d when not given.
        seed: of the initial weights.

    Raises:
        ValueError: a size below 1, or heads that do not divide ``dim``.

    Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, the decoder without the
    attention to an encoder; pre-norm: Xiong et al., ICML 2020.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int | None = None,
        *,
        length: int | None = None,
        causal: bool = True,
        dim: int = 64,
        layers: int = 2,
        heads: int = 4,
        hidden: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        outputs = inputs if outputs is None else outputs
        hidden = 4 * dim if hidden is None else hidden
        positions = 1 if length is None else length
        if min(inputs, outputs, positions, dim, layers, heads, hidden) < 1:
            raise ValueError(
                "a Transformer needs sizes of 1 or more, got "
                f"{inputs=}, {outputs=}, {length=}, {dim=}, {layers=}, {heads=}, {hidden=}"
            )
        if dim % heads:
            raise ValueError(f"heads must divide dim, got {heads} heads for {dim} dimensions")
        self.length, self.causal = length, causal
        numbers = generator("sequence transformer embeddings", seed)
        self.embedding = nn.Parameter(torch.randn(inputs, dim, generator=numbers))
        self.position = nn.Parameter(torch.randn(positions, dim, generator=numbers))
        self.layers = nn.ModuleList(EncoderLayer(dim, heads, hidden) for _ in range(layers))
        initialise(self, "sequence transformer", seed)
        self.head = skip_init(nn.Linear, dim, outputs)
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, reads: Tensor | None = None) -> Tensor:
        """Map sequences to an answer for each token.

        Args:
            x: ids ``[items, length]`` or numbers ``[items, length, inputs]``.
            reads: True where the token of the row reads that of the column, ``[length, length]``
                or ``[items, length, length]``; in place of the mask that the model was made with.
                Every token reads itself, whatever stands there.

        Returns:
            ``[items, length, outputs]``.

        Raises:
            ValueError: a sequence is longer than ``length``.
        """
        return self.head(self.features(x, reads))

    def features(self, x: Tensor, reads: Tensor | None = None) -> Tensor:
        """What the head reads, ``[items, length, dim]``; arguments as those of ``forward``."""
        h = x @ self.embedding if x.is_floating_point() else F.embedding(x, self.embedding)
        length = h.shape[-2]
        if self.length is not None and length > self.length:
            raise ValueError(
                f"a sequence has {length} tokens, and this Transformer has positions for "
                f"{self.length}: cut the sequence, or build the model with length={length}"
            )
        h = h + self.position[:length]
        if reads is None:
            reads = causal_reads(length, x.device) if self.causal else None
        mask = h.new_zeros(1, 1, 1, 1) if reads is None else _scores_of(reads, h.dtype)
        for layer in self.layers:
            h = layer(h, mask)
        return normalised(h)


def causal_reads(length: int, device: torch.device | None = None) -> Tensor:
    """Each token reads those before it and itself, ``[length, length]``."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def prefix_reads(context: int, length: int, device: torch.device | None = None) -> Tensor:
    """Each token reads the first ``context`` tokens and itself, ``[length, length]``.

    The mask of a prior-fitted network: the points to be predicted read the data, the data reads
    itself, and no answer depends on which other points are asked for.
    """
    own = torch.eye(length, dtype=torch.bool, device=device)
    return own | (torch.arange(length, device=device) < context)


def _scores_of(reads: Tensor, dtype: torch.dtype) -> Tensor:
    """What is added to the attention's scores, ``[1 or items, 1, length, length]``."""
    own = torch.eye(reads.shape[-1], dtype=torch.bool, device=reads.device)
    scores = ((reads | own).to(dtype) - 1) * 1e9  # finite, as −∞ has no second derivative
    return scores.unsqueeze(-3) if reads.ndim == 3 else scores[None, None]
