"""How far the first-order meta-gradient points away from the exact one."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from metalearn_lab.experiments.curvature import gradient_and_hessian, largest_curvature
from metalearn_lab.learners.flat_weights import flat
from metalearn_lab.learners.learner import held_constant
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.settings import step_count
from metalearn_lab.one_thread import one_thread
from metalearn_lab.running.eval_mode import in_eval_mode
from metalearn_lab.running.few_threads import is_small
from metalearn_lab.running.per_task import Loss, Weights
from metalearn_lab.tasks.batches import check_tasks
from metalearn_lab.tasks.types import Split, Task, map_tensors


class MetaGradients(NamedTuple):
    """Both meta-gradients of every task after 1, …, k inner steps, in all weights but frozen ones.

    Attributes:
        exact: MAML's, [Π_j (I − αH_j)] ∇L_Q(θ_k), ``[tasks, k, weights]``.
        first_order: ∇L_Q(θ_k), the same shape.
    """

    exact: Tensor
    first_order: Tensor


class GradientAngles(NamedTuple):
    """Angles between the two, for some inner rates.

    Attributes:
        rates: α, increasing.
        degrees: ``[rates, k, tasks]``; NaN where the inner loop left the numbers.
        curvature: λ, the largest of each support loss at θ, ``[tasks]``.
    """

    rates: tuple[float, ...]
    degrees: Tensor
    curvature: Tensor


def gradient_angles(
    model: nn.Module, loss: Loss, tasks: Task, rates: Sequence[float], steps: int
) -> GradientAngles:
    """The angle between the exact and the first-order meta-gradient, task by task, in float64.

    Args:
        model: at the weights to measure at; it is not touched.
        loss: of outputs and targets, a mean over items.
        tasks: a batch, every tensor ``[tasks, items, ...]``.
        rates: inner step sizes α.
        steps: the most inner steps.

    Returns:
        Tensors on the CPU, wherever model and tasks are.

    Raises:
        ValueError: ``steps`` is no count, or a rate is negative.
    """
    doubled = map_tensors(torch.Tensor.double, tasks)
    exact = copy.deepcopy(model).double()
    degrees = [angles(*meta_gradients(exact, loss, doubled, rate, steps)) for rate in rates]
    by_rate = torch.stack(degrees).transpose(1, 2).cpu()
    learner = MAML(exact, loss, inner_lr=0.0, inner_steps=0)
    return GradientAngles(tuple(rates), by_rate, largest_curvature(learner, doubled.support))


def meta_gradients(
    model: nn.Module, loss: Loss, tasks: Task, inner_lr: float, steps: int
) -> MetaGradients:
    """Both meta-gradients of each task after 1, …, ``steps`` inner steps.

    The exact one is multiplied out factor by factor, ∇L_Q(θ_k) − αH_j ∇L_Q(θ_k) and so on from
    the last step to the first, for all numbers of steps at once.

    Args:
        model: at θ.
        loss: of outputs and targets.
        tasks: a batch of the model's type, every tensor ``[tasks, items, ...]``.
        inner_lr: α.
        steps: the most inner steps, 1 or more.

    Raises:
        ValueError: ``steps`` is no count, or the rate is negative.

    Source: Finn, Abbeel and Levine, ICML 2017, equation 1; Nichol, Achiam and Schulman, 2018,
    section 2.
    """
    check_tasks(tasks)
    steps = step_count(steps)
    learner = MAML(model, loss, inner_lr=inner_lr, inner_steps=steps)
    theta = held_constant(learner.weights())

    def of_one(task: Task) -> tuple[Tensor, Tensor]:
        trajectory = learner.inner_loop(theta, task.support, steps)
        query = [flat(learner.gradient(theta_k, task.query)) for theta_k in trajectory[1:]]
        first_order = torch.stack(query)
        return _times_product(learner, trajectory[:-1], task.support, first_order), first_order

    with torch.no_grad(), in_eval_mode(learner), one_thread(is_small(learner, tasks)):
        return MetaGradients(*torch.func.vmap(of_one)(tasks))


def curvature_of_the_loss(model: nn.Module, x: Tensor) -> Tensor:
    """The largest curvature that the squared error has without any bend in the network.

    H = (2/n) JᵀJ + residuals times second derivatives of the network, with J the derivatives of
    the n outputs in the weights. This is the largest eigenvalue of the first part, from the small
    matrix (2/n) JJᵀ.

    Args:
        model: at θ, with one output.
        x: of the support sets, ``[tasks, n, ...]``.

    Returns:
        ``[tasks]``, on the CPU.
    """
    weights = {name: weight.detach() for name, weight in model.named_parameters()}

    def of_one(inputs: Tensor) -> Tensor:
        def outputs(moved: Weights) -> Tensor:
            values: Tensor = torch.func.functional_call(model, moved, inputs)[:, 0]
            return values

        parts = torch.func.jacrev(outputs)(weights)
        jacobian = torch.cat([part.flatten(1) for part in parts.values()], 1)
        largest: Tensor = torch.linalg.eigvalsh(jacobian @ jacobian.T)[-1]
        return largest * (2 / len(inputs))

    curvature: Tensor = torch.func.vmap(of_one)(x)
    return curvature.detach().cpu()


def angles(one: Tensor, other: Tensor) -> Tensor:
    """Angles in degrees between vectors on the last axis, exact also where they are tiny.

    The arc cosine loses half of the digits near 0; the lengths of the sum and the difference of
    the two directions do not.
    """
    one = one / one.norm(dim=-1, keepdim=True)
    other = other / other.norm(dim=-1, keepdim=True)
    half = torch.atan2((one - other).norm(dim=-1), (one + other).norm(dim=-1))
    return half * (2 * 180 / math.pi)


def _times_product(
    learner: MAML, trajectory: Sequence[Weights], support: Split, vectors: Tensor
) -> Tensor:
    """Row k of ``vectors`` times (I − αH_0) … (I − αH_{k−1})."""
    for j, theta in reversed(list(enumerate(trajectory))):
        _, hessian_times = gradient_and_hessian(learner, theta, support)
        later = vectors[j:]
        moved = later - learner.inner_lr * torch.func.vmap(hessian_times)(later)
        vectors = torch.cat([vectors[:j], moved])
    return vectors
