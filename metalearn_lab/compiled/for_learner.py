"""Which compiled form a learner takes."""

from __future__ import annotations

from metalearn_lab.compiled.low_rank_meta_loss import CompiledLowRankMetaLoss
from metalearn_lab.compiled.meta_loss import CompiledMetaLoss
from metalearn_lab.running.low_rank_rule import runs_low_rank
from metalearn_lab.running.per_task import PerTask
from metalearn_lab.tasks.types import Task


def compiled_meta_loss(
    learner: PerTask, example: Task
) -> CompiledMetaLoss | CompiledLowRankMetaLoss:
    """The learner's meta-loss with its gradient, compiled, with small input layers where they pay.

    Args:
        learner: on the CPU.
        example: a batch of the shapes to come; the number of tasks may change.

    Raises:
        NotCompilable: the learner uses an operation that the compiler does not know, or there is
            no C compiler.
    """
    if runs_low_rank(learner, example.support.x, pays=learner.low_rank_pays):
        return CompiledLowRankMetaLoss(learner, example)
    return CompiledMetaLoss(learner, example)
