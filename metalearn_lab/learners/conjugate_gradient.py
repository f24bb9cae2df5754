"""Conjugate gradient: solve a symmetric positive definite system by products alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def conjugate_gradient(product: Callable[[Tensor], Tensor], b: Tensor, steps: int) -> Tensor:
    """Solve Ax = b: the best x of the Krylov space in the norm of A, exact after len(b) steps.

    No decision depends on the numbers, so it runs under ``torch.func.vmap``.

    Args:
        product: v ↦ Av with A symmetric positive definite.
        b: ``[n]``.
        steps: number of products.

    Returns:
        x, ``[n]``.

    Source: Hestenes and Stiefel, "Methods of Conjugate Gradients for Solving Linear Systems", 1952.
    """
    x, residual, direction = torch.zeros_like(b), b, b
    size = residual.square().sum()
    for _ in range(steps):
        image = product(direction)
        stride = _ratio(size, (direction * image).sum())
        x = x + stride * direction
        residual = residual - stride * image
        size, before = residual.square().sum(), size
        direction = residual + _ratio(size, before) * direction
    return x


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    """The quotient, and 0 for 0 / 0: the system is solved and nothing is left to do."""
    return torch.where(b == 0, torch.zeros_like(a), a / torch.where(b == 0, torch.ones_like(b), b))
