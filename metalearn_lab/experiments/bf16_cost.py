"""What bfloat16 costs in accuracy: in one meta-gradient, and after the same training."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim import Adam

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves, adaptation_curves
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.experiments.gradient_angle import angles
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task
from metalearn_lab.training.bf16 import check_bf16, in_bf16
from metalearn_lab.training.meta_train import meta_train


class Bf16Cost(NamedTuple):
    """How far a learner in bfloat16 is from the same learner in float32.

    Attributes:
        relative_error: of the meta-gradient at the initial weights, ‖g₁₆ − g₃₂‖ / ‖g₃₂‖.
        degrees: the angle between the two meta-gradients.
        loss: query loss after adaptation in float32, of the learner trained there.
        extra_loss: by how much it is higher where the training was in bfloat16, task by task. The
            interval covers the choice of tasks; it is of one pair of trainings, and another seed
            may give another sign.
        accuracy: the same as ``loss`` for accuracy, 0…1; None for regression.
        extra_accuracy: by how much it is higher; None for regression.
    """

    relative_error: float
    degrees: float
    loss: Interval
    extra_loss: Interval
    accuracy: Interval | None
    extra_accuracy: Interval | None


def bf16_cost(
    learner: Learner,
    tasks: Callable[[int], Task],
    unseen: Task,
    *,
    iterations: int,
    outer_lr: float = 1e-3,
) -> Bf16Cost:
    """Measure what bfloat16 costs a learner on this device.

    Two copies are trained by Adam from the same weights on the same tasks, one with its matrix
    products in bfloat16; both are judged in float32. The learner itself is not touched.

    Args:
        learner: at the weights to begin with, in float32.
        tasks: the meta-batch of an iteration, as for ``meta_train``; the meta-gradients are
            compared on the first.
        unseen: tasks that judge the trained copies, two or more.
        iterations: of each training.
        outer_lr: of Adam.

    Raises:
        ValueError: the learner cannot be had in bfloat16 (see ``training.bf16``), its
            meta-gradient is not finite, or there are fewer than two unseen tasks.
    """
    check_bf16(learner, compiled=False)
    exact = _meta_gradient(learner, learner, tasks(0))
    rough = _meta_gradient(learner, in_bf16(learner, learner), tasks(0))
    single, mixed = (
        _trained(learner, tasks, unseen, iterations, outer_lr, bf16=bf16) for bf16 in (False, True)
    )
    return Bf16Cost(
        ((rough - exact).norm() / exact.norm()).item(),
        angles(rough, exact).item(),
        interval_over_tasks(single.loss[:, -1]),
        interval_over_tasks(mixed.loss[:, -1] - single.loss[:, -1]),
        *_accuracies(single, mixed),
    )


def _meta_gradient(learner: Learner, meta_loss: Callable[[Task], Tensor], batch: Task) -> Tensor:
    """In one vector, in float64."""
    parameters = [p for p in learner.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(meta_loss(batch), parameters, materialize_grads=True)
    meta_gradient = torch.cat([gradient.flatten().double() for gradient in gradients])
    if not meta_gradient.isfinite().all():
        raise ValueError("the meta-gradient at the initial weights is NaN or inf: lower inner_lr")
    return meta_gradient


def _trained(
    learner: Learner,
    tasks: Callable[[int], Task],
    unseen: Task,
    iterations: int,
    outer_lr: float,
    *,
    bf16: bool,
) -> AdaptationCurves:
    """How a trained copy does on unseen tasks."""
    twin = copy.deepcopy(learner)
    meta_train(
        twin,
        tasks,
        iterations=iterations,
        optimizer=Adam(twin.parameters(), outer_lr),
        progress=False,
        compiled=False,
        bf16=bf16,
    )
    return adaptation_curves(twin, unseen)


def _accuracies(
    single: AdaptationCurves, mixed: AdaptationCurves
) -> tuple[Interval, Interval] | tuple[None, None]:
    if single.accuracy is None or mixed.accuracy is None:
        return None, None
    extra = mixed.accuracy[:, -1] - single.accuracy[:, -1]
    return interval_over_tasks(single.accuracy[:, -1]), interval_over_tasks(extra)
