"""Meta-gradients of navigation beside the exact one: where they point, and how noisy they are."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.experiments.navigation import Policy, meta_surrogate
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.navigation import goals
from metalearn_lab.tasks.seeds import generator

AT_ONCE = 100
"""Goals of one draw."""


@one_thread()
def meta_gradients(start: Policy, inner_lr: float, kind: str, draws: int, seed: int) -> Tensor:
    """Meta-gradients of draws of 100 goals with their walks, ``[draws, weights]``.

    Args:
        start: θ.
        inner_lr: α.
        kind: of ``experiments.navigation.KINDS``.
        draws: how many.
        seed: of goals and walks.
    """
    theta = {name: weight.detach().requires_grad_() for name, weight in start.items()}
    where = next(iter(theta.values())).device
    gradients = []
    for draw in range(draws):
        goal = goals(AT_ONCE, f"gradients {kind} {draw}", seed).to(where)
        numbers = generator("gradient walks", kind, seed, draw)
        total, _ = meta_surrogate(theta, goal, inner_lr, kind, numbers)
        slopes = torch.autograd.grad(total, list(theta.values()))
        gradients.append(torch.cat([slope.flatten() for slope in slopes]))
    return torch.stack(gradients)


class Comparison(NamedTuple):
    """One kind of meta-gradient beside the exact one.

    Attributes:
        cosine: of the angle between both means.
        length: of its mean, as a multiple of the length of the exact one.
        noise: standard deviation of the gradient of a single goal, over all weights, as a multiple
            of the length of the exact mean.
    """

    cosine: float
    length: float
    noise: float


def compared(gradients: Tensor, exact: Tensor) -> Comparison:
    """Compare two results of ``meta_gradients``."""
    mean, true = gradients.mean(0), exact.mean(0)
    size = true.norm()
    noise = (AT_ONCE * gradients.var(0).sum()).sqrt()
    cosine = torch.nn.functional.cosine_similarity(mean, true, dim=0)
    return Comparison(cosine.item(), (mean.norm() / size).item(), (noise / size).item())
