"""Three classes in the plane, learned in three ways: which weights move, and which stay."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

WAYS = 3
PRETRAINED = torch.tensor([[1.2, 0.3], [0.1, 0.45]], dtype=torch.float64)
"""W₀, the layer that comes from pretraining: it spreads x₁ and squeezes x₂."""
LORA_A = torch.tensor([[0.35, 0.6]], dtype=torch.float64)
"""Where A ``[1, 2]`` starts."""
SUPPORT = ((-0.7, 0.3), (0.9, 0.6), (0.3, -0.5))
"""One point of each class, where the reader finds them."""
_CENTRES = torch.tensor([(-0.9, 0.7), (1.0, 0.6), (0.1, -0.9)], dtype=torch.float64)
_AROUND = torch.tensor(
    [(-0.35, -0.3), (0.3, -0.35), (0.35, 0.3), (-0.3, 0.35)], dtype=torch.float64
)
QUERY = (_CENTRES[:, None] + _AROUND).reshape(-1, 2)
"""Four points around the centre of each class, ``[12, 2]``."""
QUERY_LABELS = torch.arange(WAYS).repeat_interleave(len(_AROUND))


class Weights(NamedTuple):
    """The scores of a point x are V (W x) + c.

    Attributes:
        layer: W ``[2, 2]``; W x are the features.
        head: V ``[3, 2]``.
        bias: c ``[3]``.
    """

    layer: Tensor
    head: Tensor
    bias: Tensor

    def scores(self, x: Tensor) -> Tensor:
        """Map points ``[items, 2]`` to scores ``[items, 3]``."""
        return x @ self.layer.T @ self.head.T + self.bias


def trajectory(method: str, support: Tensor, inner_lr: float, steps: int) -> list[Weights]:
    """Gradient descent on the cross-entropy of the support points, from a head of zeros.

    Args:
        method: ``"linear_probe"`` moves V and c; ``"lora"`` also A and B in W₀ + B A, of rank 1
            (s = 1); ``"fine_tuning"`` all of W, V and c.
        support: one point of each class, ``[3, 2]``, in float64.
        inner_lr: α.
        steps: k.

    Returns:
        The weights after 0, …, k steps.
    """
    layer, a, b = PRETRAINED, LORA_A, torch.zeros(2, 1, dtype=torch.float64)
    head = torch.zeros(WAYS, 2, dtype=torch.float64)
    bias = torch.zeros(WAYS, dtype=torch.float64)
    path = [Weights(layer, head, bias)]
    for _ in range(steps):
        features = support @ layer.T
        scores = path[-1].scores(support)
        error = (scores.softmax(1) - torch.eye(WAYS, dtype=torch.float64)) / WAYS  # ∂L/∂scores
        slope = (error @ head).T @ support  # ∂L/∂W
        head, bias = head - inner_lr * error.T @ features, bias - inner_lr * error.sum(0)
        if method == "fine_tuning":
            layer = layer - inner_lr * slope
        elif method == "lora":
            a, b = a - inner_lr * b.T @ slope, b - inner_lr * slope @ a.T
            layer = PRETRAINED + b @ a
        path.append(Weights(layer, head, bias))
    return path


def class_means(support: Tensor) -> Weights:
    """Frozen class means: nothing is learned, and the scores are cosines times the length of W x.

    Args:
        support: one point of each class, ``[3, 2]``; so its feature is the class mean.
    """
    head = F.normalize(support @ PRETRAINED.T, dim=1)
    return Weights(PRETRAINED, head, torch.zeros(WAYS, dtype=torch.float64))


def support_loss(weights: Weights, support: Tensor) -> float:
    """Cross-entropy on the support points."""
    return F.cross_entropy(weights.scores(support), torch.arange(WAYS)).item()


def queries_right(weights: Weights) -> int:
    """How many of the query points get the highest score for their class."""
    return int((weights.scores(QUERY).argmax(1) == QUERY_LABELS).sum())


def boundaries(weights: Weights, reach: float) -> list[Tensor]:
    """Where features have two highest scores, as straight pieces ``[2, 2]``, end by end.

    Args:
        weights: of the network.
        reach: the pieces are cut at the square from −reach to reach.
    """
    normals, pieces = weights.head, []
    for i, j, k in ((0, 1, 2), (0, 2, 1), (1, 2, 0)):
        normal, level = normals[i] - normals[j], weights.bias[i] - weights.bias[j]
        if normal.norm() < 1e-9:
            continue
        foot = -level * normal / normal.square().sum()
        along = torch.stack([-normal[1], normal[0]]) / normal.norm()
        # Every bound is on t in foot + t·along: the square's four sides, and class k below i.
        bounds = [(along[d] * sign, reach - sign * foot[d]) for d in (0, 1) for sign in (1, -1)]
        rival = normals[k] - normals[i]
        bounds.append((rival @ along, weights.bias[i] - weights.bias[k] - rival @ foot))
        most = min((float(b / a) for a, b in bounds if a > 1e-12), default=reach)
        least = max((float(b / a) for a, b in bounds if a < -1e-12), default=-reach)
        if least < most and all(b >= 0 for a, b in bounds if abs(a) <= 1e-12):
            pieces.append(torch.stack([foot + least * along, foot + most * along]))
    return pieces
