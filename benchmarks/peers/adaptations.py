"""Adapting one new task with the peers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import Array
from learn2learn.algorithms.maml import MAML
from torch import Tensor

from benchmarks.peers.jax_losses import split_loss
from benchmarks.peers.jax_models import mlp
from benchmarks.workloads.adapt import PROBLEM, STEPS, points, rates, support
from benchmarks.workloads.sinusoids import network


class Jax:
    """One compiled function, with ``vmap`` over the rates."""

    def __init__(self, count: int, dtype: torch.dtype) -> None:
        weights = {n: jnp.asarray(w.detach().numpy()) for n, w in network().named_parameters()}
        self.arguments = (weights, *(part[0].numpy() for part in support(dtype)))
        self.x, self.rates = points(dtype).numpy(), rates(count, dtype).numpy()
        self.compiled = jax.jit(jax.vmap(self.curve, in_axes=(None, None, None, None, 0)))

    def __call__(self) -> Tensor:
        """The last curves, on the host."""
        return torch.from_numpy(np.array(self.compiled(*self.arguments, self.x, self.rates)))

    def curve(self, theta: dict, x: Array, y: Array, at: Array, rate: Array) -> Array:
        """The curve of one rate."""
        loss = split_loss(PROBLEM)
        for _ in range(STEPS):
            gradient = jax.grad(loss)(theta, (x, y))
            theta = jax.tree.map(lambda w, g: w - rate * g, theta, gradient)
        return mlp(theta, at)


class Learn2Learn:
    """``clone`` and ``adapt``, one rate after the other."""

    def __init__(self, count: int, dtype: torch.dtype) -> None:
        model = network().to(dtype)
        self.learners = [MAML(model, lr=float(a), first_order=True) for a in rates(count, dtype)]
        self.support, self.x = support(dtype), points(dtype)

    def __call__(self) -> Tensor:
        """The last curves."""
        return torch.stack([self.curve(maml.clone()) for maml in self.learners])

    def curve(self, clone: MAML) -> Tensor:
        """The curve of one rate."""
        x, y = (part[0] for part in self.support)
        for _ in range(STEPS):
            clone.adapt(PROBLEM.loss(clone(x), y))
        with torch.no_grad():
            return clone(self.x)
