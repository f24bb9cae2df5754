"""How curved a loss is: in its steepest direction, and along one inner step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.learners.flat_weights import flat
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.learner import held_constant
from metalearn_lab.running.eval_mode import in_eval_mode
from metalearn_lab.running.few_threads import on_few_threads
from metalearn_lab.running.mapping import over_tasks
from metalearn_lab.running.per_task import Weights
from metalearn_lab.tasks.batches import check_split
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split


@on_few_threads
def largest_curvature(learner: GradientLearner, support: Split, iterations: int = 30) -> Tensor:
    """|λ|, the largest eigenvalue in size of H_0 = ∇²L_S(θ), for each task, by power iteration.

    No Hessian is built: each iteration takes one Hessian-vector product.

    Args:
        learner: its weights are θ; only the adapted ones count.
        support: ``[tasks, items, ...]``.
        iterations: of the power method.

    Returns:
        ``[tasks]``, on the CPU.

    Raises:
        TypeError, ValueError: the support is no split of a batch (see ``tasks.batches``).
    """
    check_split("support", support)
    theta = held_constant(learner.weights())
    numbers = generator("power iteration")
    start = flat(
        {
            name: torch.randn(weight.shape, generator=numbers).to(weight)
            for name, weight in learner.adapted(theta).items()
        }
    )

    def of_one(split: Split) -> Tensor:
        _, hessian_times = gradient_and_hessian(learner, theta, split)
        product = start
        for _ in range(iterations):
            product = hessian_times(product / (product.norm() + 1e-30))
        size: Tensor = product.norm()
        return size

    with in_eval_mode(learner):
        curvature: Tensor = over_tasks(of_one, learner.mapping)(support)
    return curvature.detach().cpu()


def gradient_and_hessian(
    learner: GradientLearner, theta: Weights, split: Split
) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """∇L in the adapted weights, and v ↦ H v, the Hessian's product with a vector.

    As H is symmetric, the gradient's vector-Jacobian product is that.

    Args:
        learner: gives the loss.
        theta: where, for one task.
        split: of that task.

    Returns:
        ∇L as ``[weights]``, and a function of such a vector that gives another.
    """
    gradient, times = torch.func.vjp(
        lambda adapted: flat(learner.gradient({**theta, **adapted}, split)), learner.adapted(theta)
    )[:2]
    return gradient, lambda vector: flat(times(vector)[0])


class AlongStep(NamedTuple):
    """One inner step of each task, followed from θ to θ − αg and beyond, g = ∇L_S(θ).

    Attributes:
        shares: t, of the step, increasing from 0, ``[places]``.
        loss: L_S(θ − tαg), ``[tasks, places]``.
        parabola: what it would be if the curvature stayed that of θ, ``[tasks, places]``.
        curvature: α gᵀHg / gᵀg with H the Hessian at θ − tαg, ``[tasks, places]``.
    """

    shares: Tensor
    loss: Tensor
    parabola: Tensor
    curvature: Tensor


@on_few_threads
def along_step(learner: GradientLearner, support: Split, shares: Sequence[float]) -> AlongStep:
    """The support loss along the first inner step, and the curvature in the step's direction.

    Args:
        learner: its weights are θ, its ``inner_lr`` is α.
        support: ``[tasks, items, ...]``.
        shares: t; the first is 0, and 1 is the whole step.

    Raises:
        TypeError, ValueError: the support is no split of a batch (see ``tasks.batches``), or the
            first share is not 0.
    """
    check_split("support", support)
    if not shares or shares[0] != 0:
        raise ValueError(f"the first share of the step is 0, the start, got {list(shares)}")
    theta, rate = held_constant(learner.weights()), learner.inner_lr

    def of_one(split: Split) -> tuple[Tensor, Tensor, Tensor]:
        step = learner.gradient(theta, split)
        direction = flat(step)
        squared = direction @ direction
        losses, curvatures = [], []
        for share in shares:
            there = {**theta, **{name: theta[name] - share * rate * g for name, g in step.items()}}
            _, hessian_times = gradient_and_hessian(learner, there, split)
            losses.append(learner.loss_at(there, split))
            curvatures.append(rate * (direction @ hessian_times(direction)) / squared)
        return torch.stack(losses), torch.stack(curvatures), rate * squared

    with in_eval_mode(learner):
        loss, curvature, slope = (
            part.detach().cpu() for part in over_tasks(of_one, learner.mapping)(support)
        )
    t = torch.tensor(list(shares), dtype=loss.dtype)
    parabola = loss[:, :1] - slope[:, None] * (t - curvature[:, :1] * t**2 / 2)
    return AlongStep(t, loss, parabola, curvature)
