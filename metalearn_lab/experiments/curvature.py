"""How steep a loss is in its steepest direction: what decides how large an inner rate may be."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import grad

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
    start = _random_direction(learner, theta)

    def of_one(split: Split) -> Tensor:
        direction, size = start, torch.zeros(())
        for _ in range(iterations):
            product = _hessian_times(learner, theta, split, direction)
            size = _norm(product)
            direction = {name: part / (size + 1e-30) for name, part in product.items()}
        return size

    with in_eval_mode(learner):
        curvature: Tensor = over_tasks(of_one, learner.mapping)(support)
    return curvature.detach().cpu()


def _hessian_times(
    learner: GradientLearner, theta: Weights, split: Split, direction: Weights
) -> Weights:
    """H v = ∇⟨∇L_S(θ), v⟩."""

    def slope(moving: Weights) -> Tensor:
        gradient = learner.gradient({**theta, **moving}, split)
        return torch.stack([(gradient[name] * direction[name]).sum() for name in direction]).sum()

    product: Weights = grad(slope)({name: theta[name] for name in direction})
    return product


def _random_direction(learner: GradientLearner, theta: Weights) -> Weights:
    """The same for every call: of unit length, on the adapted weights."""
    numbers = generator("power iteration")
    drawn = {
        name: torch.randn(weight.shape, generator=numbers).to(weight)
        for name, weight in learner.adapted(theta).items()
    }
    return {name: part / _norm(drawn) for name, part in drawn.items()}


def _norm(parts: Weights) -> Tensor:
    return torch.stack([(part**2).sum() for part in parts.values()]).sum().sqrt()
