"""The meta-losses in JAX, for one task."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax
from torch.nn import functional as F

from benchmarks.peers.jax_models import FORWARD, Weights
from benchmarks.problem import Problem

Batch = tuple[tuple[Array, Array], tuple[Array, Array]]
"""Support and query, each x and y."""

LOSSES = {
    F.mse_loss: lambda outputs, y: ((outputs - y) ** 2).mean(),
    F.cross_entropy: lambda outputs, y: optax.softmax_cross_entropy_with_integer_labels(
        outputs, y
    ).mean(),
}


def split_loss(problem: Problem) -> Callable[[Weights, tuple[Array, Array]], Array]:
    """L(θ) on a split of one task."""
    forward, loss = FORWARD[problem.family], LOSSES[problem.loss]
    return lambda theta, split: loss(forward(theta, split[0]), split[1])


def maml_loss(problem: Problem, scan: bool) -> Callable[[Weights, Batch], Array]:
    """L_Q(θ_k) of one task; ``scan`` compiles one inner step where the other unrolls them."""
    loss = split_loss(problem)
    held = lax.stop_gradient if problem.algorithm == "first-order MAML" else (lambda tree: tree)

    def inner_step(theta: Weights, support: tuple[Array, Array]) -> Weights:
        gradient = held(jax.grad(loss)(theta, support))
        return jax.tree.map(lambda w, g: w - problem.inner_lr * g, theta, gradient)

    def meta_loss(theta: Weights, task: Batch) -> Array:
        support, query = task
        if scan:
            count = problem.inner_steps
            theta, _ = lax.scan(
                lambda t, _: (inner_step(t, support), None), theta, None, length=count
            )
        else:
            for _ in range(problem.inner_steps):
                theta = inner_step(theta, support)
        return loss(theta, query)

    return meta_loss


def reptile_displacement(problem: Problem, scan: bool) -> Callable[[Weights, Batch], Weights]:
    """φ − φ̃ of one task."""
    loss = split_loss(problem)
    kinds = {"sgd": optax.sgd, "adam": partial(optax.adam, b1=0)}
    optimizer = kinds[problem.inner_optimizer](problem.inner_lr)

    def displacement(phi: Weights, task: Batch) -> Weights:
        x, y = task[0]
        size = problem.inner_batch or y.shape[0]

        def inner_step(carry: tuple, step: Array | int) -> tuple:
            theta, state = carry
            rows = (step * size + jnp.arange(size)) % y.shape[0]
            gradient = jax.grad(loss)(theta, (x[rows], y[rows]))
            change, state = optimizer.update(gradient, state)
            return (optax.apply_updates(theta, change), state), None

        carry = (phi, optimizer.init(phi))
        if scan:
            carry, _ = lax.scan(inner_step, carry, jnp.arange(problem.inner_steps))
        else:
            for step in range(problem.inner_steps):
                carry, _ = inner_step(carry, step)
        return jax.tree.map(lambda before, after: before - after, phi, carry[0])

    return displacement


def batch_gradient(
    problem: Problem, *, scan: bool, one_by_one: bool
) -> Callable[[Weights, Batch], Weights]:
    """The meta-gradient of a batch: tasks by ``vmap``, or one by one inside the compiled code."""

    def over_tasks(function: Callable, theta: Weights, batch: Batch) -> Array | Weights:
        if one_by_one:
            return lax.map(lambda task: function(theta, task), batch)
        return jax.vmap(function, in_axes=(None, 0))(theta, batch)

    if problem.algorithm == "Reptile":
        displacement = reptile_displacement(problem, scan)
        return lambda theta, batch: jax.tree.map(
            lambda part: part.mean(0), over_tasks(displacement, theta, batch)
        )
    meta_loss = maml_loss(problem, scan)
    return jax.grad(lambda theta, batch: over_tasks(meta_loss, theta, batch).mean())
