"""The path that Reptile takes over its outer steps on quadratic tasks in the plane."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.tasks.planar_quadratics import PlanarQuadratics
from metalearn_lab.tasks.seeds import generator


def reptile_path(
    tasks: PlanarQuadratics,
    start: Tensor,
    *,
    inner_lr: float,
    inner_steps: int,
    outer_step: float,
    meta_batch: int,
    outer_steps: int,
    averaged: bool = True,
    seed: int = 0,
) -> Tensor:
    """φ ← φ + ε · (1/n) Σ (φ̃_i − φ), again and again, each φ̃_i in closed form.

    Tasks are dealt from a shuffled deck, n an outer step, so that a meta-batch of all tasks has
    each of them once, and one of twice as many has each twice.

    Args:
        tasks: what to train on.
        start: φ at the start, ``[2]``.
        inner_lr: α.
        inner_steps: k.
        outer_step: ε.
        meta_batch: n; with 1 it is serial Reptile.
        outer_steps: how many.
        averaged: False leaves out the 1/n, the mistake to look at.
        seed: of the order of the tasks.

    Returns:
        ``[outer_steps + 1, 2]``; large or infinite where the updates run away.
    """
    shrink = tasks.shrink(inner_lr=inner_lr, inner_steps=inner_steps)
    # φ̃ − φ = B(φ − c) with B = (I − αA)^k − I, summed over the tasks of each outer step.
    turns = shrink - torch.eye(2, dtype=shrink.dtype)
    shifts = (turns @ tasks.centres[..., None])[..., 0]
    dealt = deal(len(tasks.centres), meta_batch, outer_steps, seed)
    factor = outer_step / meta_batch if averaged else outer_step
    path = [start]
    for turn, shift in zip(turns[dealt].sum(1), shifts[dealt].sum(1), strict=True):
        path.append(path[-1] + factor * (turn @ path[-1] - shift))
    return torch.stack(path)


def deal(tasks: int, meta_batch: int, outer_steps: int, seed: int) -> Tensor:
    """The tasks of each outer step, ``[outer_steps, meta_batch]``: shuffled decks, one by one."""
    numbers = generator("reptile path", seed)
    decks = -(-meta_batch * outer_steps // tasks)
    order = torch.cat([torch.randperm(tasks, generator=numbers) for _ in range(decks)])
    return order[: meta_batch * outer_steps].reshape(outer_steps, meta_batch)
