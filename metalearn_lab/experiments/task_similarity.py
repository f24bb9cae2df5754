"""How unlike two tasks are, by four measures: gradients, Fisher information, prototypes, losses.

Every distance takes vectors ``[..., numbers]`` that broadcast: ``distance(a[:, None], b)`` gives
the matrix of all pairs.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import grad, vmap
from torch.nn import functional as F

from metalearn_lab.learners.flat_weights import flat
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.running.per_task import Weights
from metalearn_lab.tasks.types import Split, Task, map_tensors


def cosine_distance(first: Tensor, second: Tensor) -> Tensor:
    """1 − cos of two vectors, such as gradients: 0 for one direction, 2 for opposite ones."""
    return 1 - F.cosine_similarity(first, second, dim=-1)


def task2vec_distance(first: Tensor, second: Tensor) -> Tensor:
    """1 − cos(F_a/(F_a + F_b), F_b/(F_a + F_b)) of the diagonal Fisher information of two tasks.

    It is between 0 and 1, and 0 for F_b = c·F_a. Where both are 0, the quotient counts as 0.

    Args:
        first: F_a, no number below 0, ``[..., numbers]``.
        second: F_b.

    Source: Achille and others, "Task2Vec", ICCV 2019, section 3.2 (the symmetric distance).
    """
    both = first + second
    both = both.where(both > 0, 1.0)
    return cosine_distance(first / both, second / both)


def euclidean_distance(first: Tensor, second: Tensor) -> Tensor:
    """The length of the difference, such as of two prototypes."""
    length: Tensor = torch.linalg.vector_norm(first - second, dim=-1)
    return length


def support_gradients(learner: GradientLearner, start: Weights, splits: Split) -> Tensor:
    """Gradient of each task's loss at one start, ``[tasks, numbers]``."""
    gradients: Tensor = vmap(lambda split: flat(learner.gradient(start, split)))(splits)
    return gradients


def diagonal_fishers(learner: GradientLearner, weights: Weights, x: Tensor) -> Tensor:
    """Diagonal Fisher information of one output, at each task's own weights.

    Labels are drawn from the model, not from the data, and their mean is taken exactly: for the
    squared error it is the mean of (∂f/∂θ)², for a logistic output that of p(1 − p)(∂f/∂θ)².

    Args:
        learner: its model has one output; a loss of logits in [0, 1] is told by its name.
        weights: of each task, every tensor ``[tasks, ...]``.
        x: inputs ``[tasks, items, ...]``.

    Returns:
        ``[tasks, numbers]``.
    """
    logistic = learner.loss is F.binary_cross_entropy_with_logits

    def of_one_item(own: Weights, item: Tensor) -> Tensor:
        def output(adapted: Weights) -> Tensor:
            return learner.call({**own, **adapted}, item[None])[0, 0]

        adapted = learner.adapted(own)
        slope = flat(grad(output)(adapted))
        p = torch.sigmoid(output(adapted))
        return (p * (1 - p) if logistic else 1.0) * slope**2

    def of_task(own: Weights, items: Tensor) -> Tensor:
        return vmap(lambda item: of_one_item(own, item))(items).mean(0)

    return vmap(of_task)(weights, x)


def prototypes(features: Tensor, y: Tensor) -> Tensor:
    """Mean of y·h over a task's items: for y = ±1, half the difference of two class means.

    Args:
        features: h, ``[tasks, items, numbers]``.
        y: targets ``[tasks, items, 1]``.

    Returns:
        ``[tasks, numbers]``.
    """
    return (y * features).mean(-2)


def adapted_losses(learner: GradientLearner, starts: Weights, tasks: Task, steps: int) -> Tensor:
    """Loss of task i on its query, after k steps on its support from start j: ``[tasks, starts]``.

    Args:
        learner: gives loss and inner step.
        starts: every tensor ``[starts, ...]``.
        tasks: a batch.
        steps: k.
    """
    count, known = len(tasks.support.x), len(next(iter(starts.values())))
    pairs = map_tensors(lambda values: values.repeat_interleave(known, 0), tasks)
    repeated = {
        name: weight.repeat(count, *[1] * (weight.ndim - 1)) for name, weight in starts.items()
    }
    return losses_along(learner, repeated, pairs, steps)[:, -1].reshape(count, known)


def losses_along(learner: GradientLearner, starts: Weights, tasks: Task, steps: int) -> Tensor:
    """Query loss of each task after 0, …, k steps from its own start, ``[tasks, k + 1]``."""

    def along(start: Weights, task: Task) -> Tensor:
        trajectory = learner.inner_loop(start, task.support, steps)
        return torch.stack([learner.loss_at(weights, task.query) for weights in trajectory])

    with torch.no_grad():
        return vmap(along)(starts, tasks)


def bowl_loss_from(
    curvature: float, inner_lr: float, steps: int, own: Tensor, start: Tensor
) -> Tensor:
    """Loss of the bowl a/2·‖w − c‖² after k steps of size α from a start: a closed form.

    It is a/2·(1 − αa)^(2k)·‖start − c‖². From a neighbour's optimum it therefore sorts neighbours
    exactly by the distance of their optima.

    Args:
        curvature: a.
        inner_lr: α.
        steps: k.
        own: c, ``[..., dim]``.
        start: ``[..., dim]``.
    """
    shrink = (1 - inner_lr * curvature) ** (2 * steps)
    return curvature / 2 * shrink * (start - own).square().sum(-1)
