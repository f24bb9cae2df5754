"""The linear probe where it ends: logistic regression on frozen features, to convergence."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.types import Task

PENALTIES = (1e-2, 1e-3, 1e-4)
"""The L2 penalties that validation tasks choose from."""


class ConvergedProbe(NamedTuple):
    """A head for each task, at the minimum of its loss.

    Attributes:
        accuracy: on the queries of each task, ``[tasks]``.
        gradient: of the loss where it ended, the largest norm over the tasks.
        penalty: of the squared weights.
    """

    accuracy: Tensor
    gradient: float
    penalty: float


def converged_probe(validation: Task, test: Task, ways: int) -> ConvergedProbe:
    """Choose the penalty on validation tasks, then fit and score on test tasks.

    Args:
        validation: tasks to choose on, whose x are features ``[tasks, items, dim]``.
        test: tasks to report on.
        ways: N.
    """
    tried = {penalty: fit_probe(validation, ways, penalty) for penalty in PENALTIES}
    best = max(tried, key=lambda penalty: tried[penalty].accuracy.mean().item())
    return fit_probe(test, ways, best)


def fit_probe(tasks: Task, ways: int, penalty: float) -> ConvergedProbe:
    """Minimise cross-entropy + penalty · ‖W‖² on the support of every task, by L-BFGS.

    Features are first shifted by the mean of their support and divided by its mean length, so
    that one penalty suits every task.
    """
    support, query = (split.x.double() for split in tasks)
    shift = support.mean(1, keepdim=True)
    length = (support - shift).norm(dim=2).mean(1)[:, None, None]
    support, query = (support - shift) / length, (query - shift) / length
    count, items, dim = support.shape
    weight = support.new_zeros(count, dim, ways, requires_grad=True)
    bias = support.new_zeros(count, 1, ways, requires_grad=True)
    labels = tasks.support.y.flatten()
    optimizer = torch.optim.LBFGS(
        [weight, bias],
        max_iter=500,
        history_size=30,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-6,
        tolerance_change=0,
    )

    def loss() -> Tensor:  # summed over the tasks, which share nothing
        optimizer.zero_grad()
        scores = (support @ weight + bias).flatten(0, 1)
        value = F.cross_entropy(scores, labels, reduction="sum") / items
        value = value + penalty * weight.square().sum()
        value.backward()
        return value

    with one_thread():  # many small products
        optimizer.step(loss)
        loss()
    assert weight.grad is not None
    assert bias.grad is not None
    gradient = (weight.grad.square().sum((1, 2)) + bias.grad.square().sum((1, 2))).sqrt().max()
    accuracy = ((query @ weight + bias).argmax(2) == tasks.query.y).float().mean(1)
    return ConvergedProbe(accuracy.detach(), gradient.item(), penalty)
