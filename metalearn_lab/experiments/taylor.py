"""The Taylor result of Reptile's paper, measured: what each meta-gradient is made of.

Take k minibatches of one task, drawn independently, and plain gradient steps of size α. To first
order in α the expected meta-gradients are combinations of two vectors,

    AvgGrad      = E[ḡ]          the way down on the task as it stands
    AvgGradInner = E[H̄_2 ḡ_1]    the way that makes gradients of one task agree

with ḡ_i and H̄_i the gradient and Hessian of minibatch i at the start φ. MAML and first-order MAML
adapt on the first k − 1 minibatches and are judged on the last; Reptile trains on all k.

Source: Nichol, Achiam and Schulman, "On First-Order Meta-Learning Algorithms", 2018, section 5.1.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.experiments.curvature import gradient_and_hessian
from metalearn_lab.learners.flat_weights import flat
from metalearn_lab.learners.learner import held_constant
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.running.few_threads import on_few_threads
from metalearn_lab.running.per_task import Weights
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split

ALGORITHMS = ("maml", "first_order_maml", "reptile")

_AT_ONCE = 1000
"""Draws in one vectorised sweep; bounds the memory and changes no result."""


class Coefficients(NamedTuple):
    """What multiplies AvgGrad, and what multiplies AvgGradInner in units of α.

    Attributes:
        grad: 1 for MAML.
        inner: −2(k − 1) for MAML.
    """

    grad: float
    inner: float


class MeasuredCoefficients(NamedTuple):
    """The same, measured.

    Attributes:
        grad: mean over draws with its 95 % half-width; the third field is the number of draws.
        inner: the same, in units of α.
    """

    grad: Interval
    inner: Interval


class Directions(NamedTuple):
    """The two vectors, exactly.

    Attributes:
        avg_grad: ``[weights]``.
        avg_grad_inner: ``[weights]``.
    """

    avg_grad: Tensor
    avg_grad_inner: Tensor


def expected_coefficients(algorithm: str, minibatches: int) -> Coefficients:
    """The paper's coefficients (equations 33 to 41), for k minibatches.

    Raises:
        ValueError: an unknown algorithm.
    """
    k = minibatches
    coefficients = {
        "maml": Coefficients(1, -2 * (k - 1)),
        "first_order_maml": Coefficients(1, -(k - 1)),
        "reptile": Coefficients(k, -k * (k - 1) / 2),
    }
    if algorithm not in coefficients:
        raise ValueError(f"unknown algorithm {algorithm!r}: use one of {', '.join(ALGORITHMS)}")
    return coefficients[algorithm]


@on_few_threads
def directions(learner: Reptile, population: Split) -> Directions:
    """AvgGrad and AvgGradInner over a finite population, exactly.

    Where minibatches are drawn independently, E[H̄_2 ḡ_1] of a task is H ḡ, the Hessian and
    gradient of its whole data; both vectors are then means over the tasks.

    Args:
        learner: holds model and loss.
        population: ``[tasks, minibatches, items, ...]``.
    """
    theta = held_constant(learner.weights())

    def of_one(task: Split) -> tuple[Tensor, Tensor]:
        all_items = Split(task.x.flatten(0, 1), task.y.flatten(0, 1))
        gradient, hessian_times = gradient_and_hessian(learner, theta, all_items)
        return gradient, hessian_times(gradient)

    return Directions(*(vectors.mean(0) for vectors in torch.func.vmap(of_one)(population)))


def draw(population: Split, draws: int, minibatches: int, seed: int) -> Split:
    """A task, then k of its minibatches, independently and with replacement, for every draw.

    Args:
        population: ``[tasks, minibatches, items, ...]``.
        draws: how many.
        minibatches: k of each draw.
        seed: a longer k goes on where a shorter one ends: the first minibatches are the same.

    Returns:
        ``[draws, k, items, ...]``.
    """
    tasks, size = population.y.shape[:2]
    task = torch.randint(tasks, (draws,), generator=generator("taylor task", seed))
    minibatch = [
        torch.randint(size, (draws,), generator=generator("taylor minibatch", seed, j))
        for j in range(minibatches)
    ]
    return Split(*(values[task[:, None], torch.stack(minibatch, 1)] for values in population))


@on_few_threads
def measured_coefficients(
    learner: Reptile, population: Split, *, draws: int, minibatches: int, seed: int = 0
) -> dict[str, MeasuredCoefficients]:
    """Regress each expected meta-gradient on AvgGrad and AvgGradInner, by Monte Carlo.

    Every draw gives the three meta-gradients of the same minibatches. Least squares is linear in
    them, so each draw gives its own two coefficients, and the interval is that of a mean of
    independent numbers. The coefficient of AvgGrad is taken from the draws as they are. That of
    AvgGradInner would drown in noise, almost all of which is there at α = 0 already: the gradients
    at φ of the same minibatches are subtracted, in whose expectation there is no AvgGradInner.

    What remains beside the half-width is a bias of order α, from the terms in α² that the
    Taylor result leaves out.

    Args:
        learner: model, loss and α (a small one); in float64.
        population: ``[tasks, minibatches, items, ...]``.
        draws: how many.
        minibatches: k, 2 or more.
        seed: of the draws.

    Returns:
        Intervals on the CPU, wherever learner and population are.

    Raises:
        ValueError: fewer than 2 minibatches or draws, α = 0, or a meta-gradient that is not
            finite.
    """
    if minibatches < 2 or draws < 2:
        raise ValueError(f"give 2 minibatches and 2 draws or more, got {minibatches} and {draws}")
    if learner.inner_lr == 0:
        raise ValueError("the coefficients are in units of α: give a positive inner_lr")
    basis = torch.linalg.pinv(torch.stack(directions(learner, population), 1)).T
    drawn = draw(population, draws, minibatches, seed)
    of_draws = torch.func.vmap(partial(of_one_draw, learner), chunk_size=_AT_ONCE)
    measured = {}
    for name, (gradients, at_zero) in of_draws(drawn).items():
        if not gradients.isfinite().all():
            raise ValueError(f"a meta-gradient of {name} is NaN or inf: lower inner_lr")
        grad = gradients @ basis[:, 0]
        inner = (gradients - at_zero) @ basis[:, 1] / learner.inner_lr
        intervals = (interval_over_tasks(values.cpu()) for values in (grad, inner))
        measured[name] = MeasuredCoefficients(*intervals)
    return measured


def of_one_draw(learner: Reptile, minibatches: Split) -> dict[str, tuple[Tensor, Tensor]]:
    """Each meta-gradient of one draw, and what it is at α = 0, each ``[weights]``.

    Args:
        learner: gives the inner loop.
        minibatches: ``[k, items, ...]``.
    """
    phi = held_constant(learner.weights())
    adapted = learner.adapted(phi)
    splits = [Split(x, y) for x, y in zip(*minibatches, strict=True)]
    *adapt, last = splits

    def last_loss(moving: Weights) -> Tensor:
        return learner.loss_at(learner.descend({**phi, **moving}, adapt)[-1], last)

    path = learner.descend(phi, splits)
    at_phi = [flat(learner.gradient(phi, split)) for split in splits]
    reptile = (flat(adapted) - flat(learner.adapted(path[-1]))) / learner.inner_lr
    return {
        "maml": (flat(torch.func.grad(last_loss)(adapted)), at_phi[-1]),
        "first_order_maml": (flat(learner.gradient(path[-2], last)), at_phi[-1]),
        "reptile": (reptile, torch.stack(at_phi).sum(0)),
    }
