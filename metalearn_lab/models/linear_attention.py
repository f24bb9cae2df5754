"""Attention without softmax on tokens (x, y), and the layer of it that is a gradient step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from metalearn_lab.tasks.seeds import generator


class LinearAttention(nn.Module):
    """Layers e_j ← e_j + (1/N) Σ_i V e_i · (e_iᵀ A e_j), with the sum over the N known tokens.

    A token is (x, y), one column longer than x. The last token is the question: it looks at the
    known ones, and nothing looks at it. A is the product W_KᵀW_Q of attention's matrices for keys
    and queries, and V the product P W_V of those for the output and the values.

    Args:
        dim: d, numbers of x; a token has d + 1.
        layers: L.
        scale: standard deviation of the initial A and V.
        seed: of the initial A and V.

    Raises:
        ValueError: a size below 1.

    Source: von Oswald et al., "Transformers Learn In-Context by Gradient Descent", ICML 2023.
    """

    def __init__(self, dim: int, layers: int = 1, *, scale: float = 0.1, seed: int = 0) -> None:
        if min(dim, layers) < 1:
            raise ValueError(f"dim and layers must be 1 or more, got {dim} and {layers}")
        super().__init__()
        numbers = generator("linear attention", seed)
        shape = (layers, dim + 1, dim + 1)
        self.key_query = nn.Parameter(scale * torch.randn(shape, generator=numbers))
        self.value = nn.Parameter(scale * torch.randn(shape, generator=numbers))

    def forward(
        self, x: Tensor, y: Tensor, question: Tensor, start: Tensor | None = None
    ) -> Tensor:
        """The answers ``[..., 1]``: minus the last slot of each question's token.

        Args:
            x: known inputs, ``[..., N, d]``.
            y: known targets, ``[..., N, 1]``.
            question: input asked about, ``[..., d]``.
            start: w_0 of ``gradient_step_layers``, ``[d]``; 0 when not given.
        """
        return -self.slots(x, y, question, start)[-1][..., -1:]

    def slots(
        self, x: Tensor, y: Tensor, question: Tensor, start: Tensor | None = None
    ) -> list[Tensor]:
        """The last slot of every token before the first layer and after each, ``[..., N + 1]``.

        Args:
            x: as for ``forward``.
            y: the same.
            question: the same.
            start: the same.
        """
        guess = torch.zeros_like(question[..., :1]) if start is None else question @ start[:, None]
        asked = torch.cat([question, -guess], -1)[..., None, :]
        tokens = torch.cat([torch.cat([x, y], -1), asked], -2)
        slots = [tokens[..., -1]]
        for key_query, value in zip(self.key_query, self.value, strict=True):
            known = tokens[..., :-1, :]
            scores = tokens @ (known @ key_query).mT  # e_jᵀ Aᵀ e_i, a row for each j
            tokens = tokens + scores @ (known @ value.mT) / known.shape[-2]
            slots.append(tokens[..., -1])
        return slots


def gradient_step_layers(
    dim: int,
    layers: int,
    inner_lr: float,
    start: Sequence[float] | Tensor | None = None,
    dtype: torch.dtype | None = None,
) -> LinearAttention:
    """The layers of which each is one step of size α on ½ mean (w·x − y)², from w_0.

    A has the identity in its x-part. V has the last row (α w_0, −α). So a layer takes from every
    last slot what the step adds to w·x: the slot of a known token becomes y − (Δw)·x, that of the
    question −(w_0 + Δw)·x.

    Args:
        dim: d.
        layers: L, the number of steps.
        inner_lr: α.
        start: w_0, ``[d]``; 0 when not given.
        dtype: of A and V, PyTorch's default when not given.
    """
    model = LinearAttention(dim, layers, scale=0.0).to(dtype).requires_grad_(False)
    model.key_query[:, range(dim), range(dim)] = 1.0
    model.value[:, dim, dim] = -inner_lr
    if start is not None:
        model.value[:, dim, :dim] = inner_lr * torch.as_tensor(start)
    return model
