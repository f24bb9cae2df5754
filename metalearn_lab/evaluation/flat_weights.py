"""Weights as one vector, to measure angles and lengths in."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.running.per_task import Weights


def flat(weights: Weights) -> Tensor:
    """All numbers of some weights (or of a gradient in them) in one vector ``[numbers]``."""
    return torch.cat([weight.flatten() for weight in weights.values()])
