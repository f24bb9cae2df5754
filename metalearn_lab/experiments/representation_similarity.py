"""How alike two representations of the same items are: linear centred kernel alignment."""

from __future__ import annotations

import torch
from torch import Tensor


def linear_cka(a: Tensor, b: Tensor) -> Tensor:
    """‖AᵀB‖² / (‖AᵀA‖ ‖BᵀB‖) with A and B centred over items, ‖·‖ the Frobenius norm.

    It is 1 where one representation is the other turned, scaled or shifted, and 0 where no
    feature of the one is correlated with a feature of the other, or where one says the same of
    every item. With few items and many features it is large for unrelated representations too.

    Args:
        a: features of the items, ``[..., items, features]``.
        b: other features of the same items; their number may differ.

    Returns:
        ``[...]``, between 0 and 1.

    Raises:
        ValueError: the items are not the same, or fewer than two.

    Source: Kornblith, Norouzi, Lee and Hinton, "Similarity of Neural Network Representations
    Revisited", ICML 2019, section 3.
    """
    if a.ndim < 2 or a.shape[:-1] != b.shape[:-1] or a.shape[-2] < 2:
        raise ValueError(
            f"both must be [..., items, features] with the same 2 or more items, got "
            f"{tuple(a.shape)} and {tuple(b.shape)}"
        )
    centred_a, centred_b = (features - features.mean(-2, keepdim=True) for features in (a, b))
    sizes = (_strength(centred_a, centred_a) * _strength(centred_b, centred_b)).sqrt()
    vary = _varies(a, centred_a) & _varies(b, centred_b)
    return torch.where(vary, _strength(centred_a, centred_b) / sizes, 0.0)


def _strength(a: Tensor, b: Tensor) -> Tensor:
    """‖AᵀB‖²."""
    return (a.mT @ b).square().sum((-2, -1))


def _varies(features: Tensor, centred: Tensor) -> Tensor:
    """Whether more than rounding is left when the mean is taken off; what is NaN stays NaN."""
    size, size_left = map(torch.linalg.matrix_norm, (features, centred))
    constant: Tensor = size_left <= 10 * torch.finfo(features.dtype).eps * size
    return ~constant
