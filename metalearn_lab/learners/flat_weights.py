"""Weights as one vector, to measure angles and lengths in, and back."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.running.per_task import Weights


def flat(weights: Weights) -> Tensor:
    """All numbers of some weights (or of a gradient in them) in one vector ``[numbers]``."""
    return torch.cat([weight.flatten() for weight in weights.values()])


def unflat(vector: Tensor, like: Weights) -> Weights:
    """The weights whose numbers a vector holds, in the shapes of others."""
    pieces = vector.split([weight.numel() for weight in like.values()])
    named = zip(like.items(), pieces, strict=True)
    return {name: piece.reshape(weight.shape) for (name, weight), piece in named}
