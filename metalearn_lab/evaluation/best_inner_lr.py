"""Adaptation curves with α chosen on other tasks, anew for each number of steps."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves, adaptation_curves
from metalearn_lab.evaluation.few_shot_score import with_rate
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task


def curves_at_best_inner_lr(
    learner: Learner, validation: Task, test: Task, inner_lrs: Sequence[float], steps: int
) -> tuple[AdaptationCurves, list[float]]:
    """The most favourable curves: each number of steps with the α that is best for it.

    Args:
        learner: its own α is left as it is.
        validation: tasks to choose on, every tensor ``[tasks, items, ...]``.
        test: tasks to report on.
        inner_lrs: the α to try.
        steps: the last inner step.

    Returns:
        Query losses of the test tasks, and the α of each step.

    Raises:
        ValueError: no α to try, or a learner whose inner steps do not follow one α.
    """
    if not inner_lrs:
        raise ValueError("no inner step sizes to try: give at least one")
    twins = [with_rate(learner, inner_lr) for inner_lr in inner_lrs]
    tried = [adaptation_curves(twin, validation, steps).loss.mean(0) for twin in twins]
    best = torch.stack(tried).nan_to_num(nan=torch.inf).argmin(0).tolist()  # NaN: one diverged
    judged = {i: adaptation_curves(twins[i], test, steps).loss for i in set(best)}
    loss = torch.stack([judged[i][:, step] for step, i in enumerate(best)], 1)
    return AdaptationCurves(loss, None), [inner_lrs[i] for i in best]
