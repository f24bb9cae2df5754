"""A support set as one vector: each item is encoded by itself, and the codes are averaged."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from metalearn_lab.models.mlp import MLP, initialise


class SetEncoder(nn.Module):
    """z = (1/K) Σ_i e(x_i, y_i), the *task embedding*; of an empty set z = 0.

    The order of the items changes nothing, and neither does taking each of them twice.

    Args:
        sizes: of the dense network e; the first is the numbers of an input and a target together,
            the last the size of z.
        scale: inputs and targets are divided by it.
        seed: of the initial weights.

    Source: Zaheer et al., "Deep Sets", NeurIPS 2017, theorem 2, with a mean for the sum.
    """

    def __init__(self, sizes: Sequence[int], *, scale: float = 5.0, seed: int = 0) -> None:
        super().__init__()
        self.scale = scale
        self.items = MLP(sizes)
        initialise(self, "set encoder", seed)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The vector z ``[embedding]`` of x ``[K, inputs]`` and y ``[K, targets]``.

        Axes in front of K stay, so all tasks of a batch may be embedded at once.
        """
        codes = self.items(torch.cat([x, y], -1) / self.scale)
        return codes.sum(-2) / max(codes.shape[-2], 1)
