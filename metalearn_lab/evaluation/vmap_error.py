"""How far a meta-gradient moves when all tasks are run at once by ``torch.func.vmap``."""

from __future__ import annotations

from typing import NamedTuple

import torch

from metalearn_lab.evaluation.meta_gradient_check import meta_gradient
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task


class VmapError(NamedTuple):
    """‖vmap − loop‖ / ‖loop‖.

    Attributes:
        whole: of the meta-gradient as one vector.
        parts: of each parameter's part, by name.
    """

    whole: float
    parts: dict[str, float]


def vmap_error(learner: Learner, tasks: Task) -> VmapError:
    """Compare all tasks at once with one after the other, which is right for any model.

    Args:
        learner: in float64, or rounding hides what is wrong.
        tasks: a small batch, every tensor ``[tasks, items, ...]``.
    """
    fast, right = (meta_gradient(learner, tasks, how) for how in ("vmap", "loop"))
    parts = {n: ((fast[n] - g).norm() / g.norm()).item() for n, g in right.items()}
    at_once, one_by_one = (
        torch.cat([g.flatten() for g in each.values()]) for each in (fast, right)
    )
    return VmapError(((at_once - one_by_one).norm() / one_by_one.norm()).item(), parts)
