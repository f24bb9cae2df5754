"""How far a meta-gradient moves when all tasks are run at once by ``torch.func.vmap``."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from metalearn_lab.evaluation.meta_gradient_check import meta_gradient
from metalearn_lab.learners.flat_weights import flat
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task


class VmapError(NamedTuple):
    """‖vmap − loop‖ / ‖loop‖.

    Attributes:
        whole: of the meta-gradient as one vector.
        parts: of each parameter's part, by name. Where both are zero the error is 0.
    """

    whole: float
    parts: dict[str, float]


def vmap_error(learner: Learner, tasks: Task) -> VmapError:
    """Compare all tasks at once with one after the other, which is right for any model.

    Args:
        learner: in float64, or rounding hides what is wrong.
        tasks: a small batch, every tensor ``[tasks, items, ...]``.

    Raises:
        ValueError: a meta-gradient is not finite.
    """
    fast, right = (meta_gradient(learner, tasks, how) for how in ("vmap", "loop"))
    at_once, one_by_one = (flat(gradient) for gradient in (fast, right))
    if not (at_once.isfinite().all() and one_by_one.isfinite().all()):
        raise ValueError(
            "a meta-gradient holds NaN or inf, so there is nothing to compare: check the tasks, or "
            "lower inner_lr"
        )
    parts = {name: _relative_error(fast[name], part) for name, part in right.items()}
    return VmapError(_relative_error(at_once, one_by_one), parts)


def _relative_error(gradient: Tensor, reference: Tensor) -> float:
    error = (gradient - reference).norm()
    return float(error / reference.norm()) if error else 0.0
