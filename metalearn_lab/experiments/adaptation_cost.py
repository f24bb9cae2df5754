"""What it takes to train on a task, to learn one and to answer a question, in multiplications."""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task, map_tensors


class AdaptationCost(NamedTuple):
    """Of one learner on one task.

    Attributes:
        trained: numbers that meta-training sets.
        to_train: multiplications of one task in an outer step: its meta-loss and meta-gradient.
        kept: numbers that are kept of the task, beside those.
        to_adapt: multiplications in the matrix products of the adaptation.
        to_answer: those of one question after it.
    """

    trained: int
    to_train: int
    kept: int
    to_adapt: int
    to_answer: int


def adaptation_cost(learner: Learner, tasks: Task, steps: int) -> AdaptationCost:
    """Count, on the CPU and in float64, where every product goes through a kernel that is counted.

    Args:
        learner: of regression; it is not changed.
        tasks: a batch, of which the first task is taken; its query is what an outer step asks.
        steps: inner steps of the adaptation; 0 for a learner that takes none.
    """
    learner = copy.deepcopy(learner).cpu().double()
    support, query = map_tensors(lambda values: values[:1].cpu().double(), tasks)
    learner.adapt(support, steps)  # the first time, a learner also looks at what its model does
    with FlopCounterMode(display=False) as adapting:
        adapted = learner.adapt(support, steps)[-1]
    with FlopCounterMode(display=False) as answering:
        learner.predict(adapted, query.x[:, :1])
    with FlopCounterMode(display=False) as training:
        learner(Task(support, query)).backward()
    shared = dict(learner.model.named_parameters())
    kept = sum(
        weight.numel()
        for name, weight in adapted.items()
        if name not in shared or not torch.equal(weight[0], shared[name])
    )
    return AdaptationCost(
        trained=sum(weight.numel() for weight in learner.parameters()),
        to_train=training.get_total_flops() // 2,
        kept=kept,
        to_adapt=adapting.get_total_flops() // 2,
        to_answer=answering.get_total_flops() // 2,
    )
