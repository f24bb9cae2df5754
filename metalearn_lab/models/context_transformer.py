"""A Transformer that reads known points and answers questions about others, in one pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from metalearn_lab.models.mlp import MLP, initialise
from metalearn_lab.models.transformer import EncoderLayer, normalised
from metalearn_lab.tasks.seeds import generator


class ContextTransformer(nn.Module):
    """Known points and questions side by side; every place looks at the known points alone.

    There are no positions, so the order of the points changes nothing, and the answer to a
    question does not depend on the other questions. One more place, learned, is always looked at:
    without it a question about no points would have nothing to look at.

    Args:
        inputs: numbers of x.
        targets: numbers of y.
        outputs: numbers of an answer.
        dim: d, numbers of a place; ``heads`` divides it.
        layers: of attention.
        heads: of attention.
        hidden: units of each feed-forward layer.
        scale: inputs are divided by it, targets too.
        seed: of the initial weights.

    Source: Müller et al., "Transformers Can Do Bayesian Inference", ICLR 2022, section 4.
    """

    def __init__(
        self,
        inputs: int,
        targets: int,
        outputs: int,
        *,
        dim: int = 32,
        layers: int = 2,
        heads: int = 4,
        hidden: int = 64,
        scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if min(inputs, targets, outputs, dim, layers, heads, hidden) < 1 or dim % heads:
            raise ValueError(
                "sizes must be 1 or more and heads must divide dim, got "
                f"{inputs=}, {targets=}, {outputs=}, {dim=}, {layers=}, {heads=}, {hidden=}"
            )
        self.scale = scale
        self.read = MLP([inputs + targets + 1, hidden, dim])
        self.start = nn.Parameter(torch.randn(dim, generator=generator("context start", seed)))
        self.layers = nn.ModuleList(EncoderLayer(dim, heads, hidden) for _ in range(layers))
        self.head = skip_init(nn.Linear, dim, outputs)
        initialise(self, "context transformer", seed)

    def forward(self, known_x: Tensor, known_y: Tensor, x: Tensor) -> Tensor:
        """Answers ``[tasks, n, outputs]``.

        Args:
            known_x: inputs of the known points, ``[tasks, K, inputs]``; K may be 0.
            known_y: their targets, ``[tasks, K, targets]``.
            x: inputs of the questions, ``[tasks, n, inputs]``.
        """
        known = torch.cat([known_x / self.scale, known_y / self.scale], -1)
        known = nn.functional.pad(known, (0, 1), value=1.0)  # what says that y is known
        asked = nn.functional.pad(x / self.scale, (0, known.shape[-1] - x.shape[-1]))
        start = self.start.expand(len(x), 1, -1)
        h = torch.cat([start, self.read(torch.cat([known, asked], 1))], 1)
        # A number that no score can outweigh: nobody looks at a question.
        mask = h.new_zeros(h.shape[1]).index_fill(0, _last(asked, h), -1e9)
        for layer in self.layers:
            h = layer(h, mask)
        return self.head(normalised(h[:, -x.shape[1] :]))


def _last(asked: Tensor, h: Tensor) -> Tensor:
    """The places of the questions."""
    return torch.arange(h.shape[1] - asked.shape[1], h.shape[1], device=h.device)
