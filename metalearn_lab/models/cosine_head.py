"""A head whose scores are cosines: one vector a class, and only directions count."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metalearn_lab.tasks.seeds import generator


class CosineHead(nn.Module):
    """Class scores are s·cos(f, w_c) = s·fᵀw_c / (‖f‖‖w_c‖), with w_c the vector of class c.

    The lengths of features and vectors play no part, as long as they are above 1e-6. Shorter ones
    are divided by 1e-6, so that a feature of zeros has scores 0 and finite derivatives.

    Args:
        in_features: size of a feature f.
        out_features: number of classes.
        scale: s. Cosines lie in [−1, 1], too near to one another for a softmax to be sure of a
            class; s spreads them. The authors' code has 2 for up to 200 classes and 10 for more.
        seed: of the initial vectors, which have random directions and the length 1. A gradient is
            divided by the length, so longer ones would turn more slowly.

    Attributes:
        weight: the vectors w_c, ``[out_features, in_features]``.

    Raises:
        ValueError: a size is below 1, or the scale is not a positive number.

    Source: Chen et al., "A Closer Look at Few-shot Classification", ICLR 2019, section 3.2; Gidaris
    and Komodakis, "Dynamic Few-Shot Visual Learning without Forgetting", CVPR 2018.
    """

    def __init__(
        self, in_features: int, out_features: int, *, scale: float = 2.0, seed: int = 0
    ) -> None:
        super().__init__()
        if in_features < 1 or out_features < 1:
            raise ValueError(
                f"a head needs 1 feature and 1 class or more, got {in_features} and {out_features}"
            )
        if not 0 < scale < float("inf"):
            raise ValueError(f"scale must be a positive number, got {scale}")
        self.scale = scale
        numbers = generator("cosine head", out_features, seed)
        vectors = torch.randn(out_features, in_features, generator=numbers)
        self.weight = nn.Parameter(directions(vectors))

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[..., in_features]`` to scores ``[..., out_features]``."""
        return self.scale * directions(features) @ directions(self.weight).T


def directions(vectors: Tensor) -> Tensor:
    """Vectors ``[..., size]`` divided by their lengths, or by 1e-6 where they are shorter."""
    squares = (vectors**2).sum(-1, keepdim=True)
    # The square is bounded, and not the length, whose second derivative at 0 would be NaN.
    return vectors * torch.where(squares > 1e-12, squares, 1e-12).rsqrt()
