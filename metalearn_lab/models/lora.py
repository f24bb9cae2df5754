"""LoRA: adapt a dense layer by a matrix of low rank beside its frozen weights."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from math import inf

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.tasks.seeds import generator


class LoRALinear(nn.Module):
    """A dense layer with W = W_0 + s B A, where s = lora_alpha / r and B starts at zero.

    So the layer starts as it was, and what is learned has rank r or less. At first only B has a
    gradient: that of A is s Bᵀ ∂L/∂W.

    Args:
        base: the dense layer, with W_0 ``[outputs, inputs]`` and its bias; used as it is.
        rank: r, the rows of A ``[r, inputs]`` and the columns of B ``[outputs, r]``.
        lora_alpha: the numerator of s.
        seed: of A, uniform in ±1/√inputs.

    Raises:
        ValueError: a rank below 1, or above what the layer's weight can have; or ``lora_alpha`` is
            no positive number.

    Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022, equation 3
    (with its scale).
    """

    def __init__(self, base: nn.Linear, rank: int, *, lora_alpha: float, seed: int = 0) -> None:
        super().__init__()
        most = min(base.weight.shape)
        if not 1 <= rank <= most:
            raise ValueError(
                f"a weight of {list(base.weight.shape)} takes ranks 1 to {most}, got {rank}"
            )
        if not 0 < lora_alpha < inf:
            raise ValueError(f"lora_alpha must be a positive number, got {lora_alpha}")
        self.base, self.scale = base, lora_alpha / rank
        a = torch.empty(rank, base.in_features)
        a.uniform_(-1, 1, generator=generator("lora", seed)).mul_(base.in_features**-0.5)
        self.lora_A = nn.Parameter(a.to(base.weight))
        self.lora_B = nn.Parameter(base.weight.new_zeros(base.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., inputs]`` to ``[..., outputs]``: W_0 x + bias + s B (A x)."""
        return self.base(x) + self.scale * F.linear(F.linear(x, self.lora_A), self.lora_B)

    def merged(self) -> nn.Linear:
        """One dense layer with the weight W_0 + s B A: the adapter costs nothing once merged.

        It is frozen where the base is.
        """
        layer = copy.deepcopy(self.base)
        with torch.no_grad():
            layer.weight += self.scale * self.lora_B @ self.lora_A
        return layer


def with_lora(
    model: nn.Module, layers: Sequence[str], *, rank: int, lora_alpha: float, seed: int = 0
) -> nn.Module:
    """A copy of a model with a low-rank adapter on each of the named dense layers.

    The copy gives the same outputs until its adapters learn. ``("*lora_*", "head.*")`` names
    what a learner adapts then, with a fresh head.

    Args:
        model: stays as it is.
        layers: names of dense layers in it, e.g. ``["body.1"]``.
        rank: r of every adapter.
        lora_alpha: of every adapter.
        seed: of their first matrices.

    Raises:
        ValueError: a name is no dense layer of the model, or the rank does not fit one.
    """
    adapted = copy.deepcopy(model)
    dense = [name for name, layer in model.named_modules() if isinstance(layer, nn.Linear)]
    for i, name in enumerate(layers):
        if name not in dense:
            raise ValueError(f"no dense layer {name!r}: the model has {', '.join(dense) or 'none'}")
        layer: nn.Linear = adapted.get_submodule(name)  # type: ignore[assignment]
        adapter = LoRALinear(layer, rank, lora_alpha=lora_alpha, seed=seed + i)
        adapted.set_submodule(name, adapter)
    return adapted
