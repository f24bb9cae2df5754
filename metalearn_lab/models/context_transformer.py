"""A Transformer that reads known points and answers questions about others, in one pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.models.sequence_transformer import SequenceTransformer, prefix_reads


class ContextTransformer(nn.Module):
    """Known points and questions side by side, a token each; all read the known points alone.

    A token holds x, y and whether y is known; that of a question has y = 0. There are no
    positions, so the order of the points changes nothing, and the answer to a question does not
    depend on the other questions.

    Args:
        inputs: numbers of x.
        targets: numbers of y.
        outputs: numbers of an answer.
        scale: inputs and targets are divided by it.
        sizes: ``dim``, ``layers``, ``heads``, ``hidden`` and ``seed`` of the
            ``SequenceTransformer``.

    Raises:
        ValueError: a size below 1, or heads that do not divide ``dim``.

    Source: Müller et al., "Transformers Can Do Bayesian Inference", ICLR 2022, section 4.
    """

    def __init__(
        self, inputs: int, targets: int, outputs: int, *, scale: float = 1.0, **sizes: int
    ) -> None:
        super().__init__()
        self.scale = scale
        self.tokens = SequenceTransformer(inputs + targets + 1, outputs, causal=False, **sizes)

    def forward(self, known_x: Tensor, known_y: Tensor, x: Tensor) -> Tensor:
        """Answers ``[tasks, n, outputs]``.

        Args:
            known_x: inputs of the known points, ``[tasks, K, inputs]``; K may be 0.
            known_y: their targets, ``[tasks, K, targets]``.
            x: inputs of the questions, ``[tasks, n, inputs]``.
        """
        known = F.pad(torch.cat([known_x, known_y], -1) / self.scale, (0, 1), value=1.0)
        asked = F.pad(x / self.scale, (0, known.shape[-1] - x.shape[-1]))
        tokens = torch.cat([known, asked], 1)
        reads = prefix_reads(known.shape[1], tokens.shape[1], tokens.device)
        return self.tokens(tokens, reads)[:, known.shape[1] :]
