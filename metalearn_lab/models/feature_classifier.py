"""A classifier of features that are good already: a projection that starts at none, and a head."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils import skip_init

FIRST_SCALE = 10**0.5
"""Where the projection begins: squared distances of unit vectors are multiplied by 10, so that a
softmax of them is neither flat nor certain."""


class FeatureClassifier(nn.Module):
    """A linear projection of features, which starts at a multiple of the identity, and a head.

    The head starts at zero, because class order in an episode is arbitrary. Before any training
    distances are those of the features, so training starts from their nearest class mean.

    Args:
        dim: numbers a feature.
        ways: N, classes of an episode.

    Attributes:
        input_layer: name of the one layer that meets the input, see ``running.low_rank``.

    Raises:
        ValueError: a size below 1.
    """

    input_layer = "body"

    def __init__(self, dim: int, ways: int) -> None:
        super().__init__()
        if dim < 1 or ways < 1:
            raise ValueError(f"dim and ways must be 1 or more, got {dim} and {ways}")
        self.body = skip_init(nn.Linear, dim, dim)
        self.head = skip_init(nn.Linear, dim, ways)
        nn.init.eye_(self.body.weight).data.mul_(FIRST_SCALE)
        for zero in (self.body.bias, self.head.weight, self.head.bias):
            nn.init.zeros_(zero)

    def forward(self, x: Tensor) -> Tensor:
        """Map features ``[items, dim]`` to class scores ``[items, ways]``."""
        return self.head(self.body(x))
