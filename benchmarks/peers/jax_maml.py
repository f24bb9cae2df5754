"""JAX: the whole training step in one compiled function, sampling and Adam included.

Sinusoids are drawn inside that function by JAX's own random numbers; the batches of the other
workloads were made beforehand and wait on the device.
"""

from __future__ import annotations

from contextlib import nullcontext

import jax
import jax.numpy as jnp
import optax
import torch
from jax import Array, lax
from torch import Tensor

from benchmarks.peers.jax_losses import Batch, batch_gradient
from benchmarks.problem import Problem
from metalearn_lab.tasks.types import Task

POOL = 4


class Run:
    """MAML, first-order MAML and Reptile.

    Args:
        problem: what to train.
        dtype: float32, or float64 to compare gradients.
        scan: the inner loop as a ``lax.scan``, not unrolled.
        one_by_one: tasks by ``lax.map``, not ``vmap``.
        chunk: training steps inside one call.
    """

    def __init__(
        self,
        problem: Problem,
        dtype: torch.dtype,
        scan: bool = False,
        one_by_one: bool = False,
        chunk: int = 1,
    ) -> None:
        self.problem, self.dtype, self.chunk, self.iteration = problem, dtype, chunk, 0
        with self.precision():
            self.weights = {
                name: jnp.array(weight.detach().to(dtype).numpy())
                for name, weight in problem.model().named_parameters()
            }
            self.gradient = batch_gradient(problem, scan=scan, one_by_one=one_by_one)
            self.adam = optax.adam(problem.outer_lr)
            self.state = self.adam.init(self.weights)
            self.pool = [] if problem.data == "sinusoids" else make_pool(problem)
            self.compiled_step = jax.jit(self.step, donate_argnums=(0, 1))

    def precision(self) -> object:
        """A context in which float64 stays float64."""
        return jax.enable_x64(True) if self.dtype == torch.float64 else nullcontext()

    def result(self) -> dict[str, Tensor]:
        """The meta-gradient of the first batch."""
        with self.precision():
            batch = as_jax(self.problem.first_batch(self.dtype))
            gradient = jax.jit(self.gradient)(self.weights, batch)
            return {name: torch.tensor(jax.device_get(g)) for name, g in gradient.items()}

    def steps(self, count: int) -> None:
        """Dispatch the steps one after the other and wait for the last."""
        for _ in range(count // self.chunk):
            data = self.pool[self.iteration % POOL] if self.pool else self.iteration
            self.weights, self.state = self.compiled_step(self.weights, self.state, data)
            self.iteration += self.chunk
        jax.block_until_ready(self.weights)

    def step(self, weights: dict, state: tuple, data: Batch | Array) -> tuple[dict, tuple]:
        """One training step, or ``chunk`` of them."""
        if self.chunk == 1:
            return self.one_step(weights, state, data)
        return lax.fori_loop(
            0, self.chunk, lambda i, carry: self.one_step(*carry, data + i), (weights, state)
        )

    def one_step(self, weights: dict, state: tuple, data: Batch | Array) -> tuple[dict, tuple]:
        """Sample where there is something to sample, meta-gradient, Adam."""
        batch = data if self.pool else sinusoids(self.problem, data)
        change, state = self.adam.update(self.gradient(weights, batch), state)
        return optax.apply_updates(weights, change), state


def as_jax(batch: Task) -> Batch:
    """The batch on JAX's device."""
    return tuple(tuple(jnp.array(part.numpy()) for part in split) for split in batch)


def make_pool(problem: Problem) -> list[Batch]:
    """The batches that the workload steps through."""
    return [as_jax(problem.batch(i)) for i in range(POOL)]


def sinusoids(problem: Problem, iteration: Array) -> Batch:
    """Tasks A·sin(x − p) from Finn et al.'s ranges, for any traced iteration."""
    tasks, shots = problem.batch(0).support.x.shape[:2]
    items = shots + problem.batch(0).query.x.shape[1]
    numbers = jax.random.uniform(jax.random.key(iteration), (tasks, 2 + items))
    amplitude, phase = 0.1 + 4.9 * numbers[:, :1, None], jnp.pi * numbers[:, 1:2, None]
    x = (numbers[:, 2:, None] - 0.5) * 10
    y = amplitude * jnp.sin(x - phase)
    merged = problem.algorithm == "Reptile"
    support, query = (x, y), (x, y)
    return (
        (support, query) if merged else ((x[:, :shots], y[:, :shots]), (x[:, shots:], y[:, shots:]))
    )
