"""The level of the environment: learn from which group of tasks to draw the next meta-batch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, map_tensors, to_device
from metalearn_lab.training.outer_step import OuterStep

GROUPS = ("waves", "fast waves", "lines", "noise")
"""Of the environment. The unseen tasks are waves, which the sampler is not told."""


def group_task(group: str, first: int, count: int, seed: int = 0) -> Task:
    """Training tasks of a group; the curves of all groups have the same points x.

    Args:
        group: of ``GROUPS``.
        first: number of the first task.
        count: how many.
        seed: of the family.

    Raises:
        ValueError: an unknown group.
    """
    if group not in GROUPS:
        raise ValueError(f"unknown group {group!r}: use one of {', '.join(GROUPS)}")
    family = Sinusoids(10, 10, group, seed)
    waves = family.batch(first, count)
    if group == "waves":
        return waves
    amplitude, phase = (part[:, None, None] for part in family.curves(first, count))
    numbers = generator("noise", seed, first)

    def targets(x: Tensor) -> Tensor:
        if group == "fast waves":
            return amplitude * (6 * x - phase).sin()
        if group == "lines":
            return (amplitude - 2.5) * x + 4 * phase.cos()
        return 3 * torch.randn(x.shape, generator=numbers)

    return Task(*(Split(split.x, targets(split.x)) for split in waves))


class Sampling(NamedTuple):
    """How the next meta-batch is drawn.

    Attributes:
        shares: of each group, ``[blocks, groups]``, one row for each block of iterations.
        gradients: meta-gradients of tasks that were spent on learning the shares.
    """

    shares: Tensor
    gradients: int


def train_with_sampling(
    learner: Learner,
    validation: Task | None,
    *,
    blocks: int,
    block: int = 25,
    meta_batch: int = 20,
    seed: int = 0,
    outer_lr: float = 1e-3,
    shares: Tensor | None = None,
    compiled: bool = False,
) -> Sampling:
    """Meta-train; before each block of iterations, favour groups whose meta-gradient helps.

    A group helps if its meta-gradient points where that of the validation tasks does: its score
    goes up by their cosine, and shares are proportional to e^{score}.

    Args:
        learner: of one-dimensional functions; trained in place, on its device.
        validation: a few tasks like the unseen ones, on the learner's device. Without them the
            shares stay as they begin.
        blocks: of iterations.
        block: iterations of each.
        meta_batch: tasks of an iteration.
        seed: of the tasks and the draws.
        outer_lr: β, of Adam.
        shares: of the groups to begin with; equal ones when not given.
        compiled: take the outer steps in compiled code, where it can be had.
    """
    device = next(learner.parameters()).device
    scores = torch.zeros(len(GROUPS)) if shares is None else shares.log()
    optimizer = torch.optim.Adam(learner.parameters(), outer_lr)
    outer = OuterStep(learner, optimizer, compiled)
    try:
        outer.prepare(to_device(group_task(GROUPS[0], 0, meta_batch, seed), device))
    except NotCompilable:
        outer = OuterStep(learner, optimizer)
    numbers, rows, spent = generator("sampling", seed), [], 0
    taken = [0] * len(GROUPS)
    for _ in range(blocks):
        if validation is not None:
            wanted = _meta_gradient(learner, validation)
            for g, group in enumerate(GROUPS):
                probe = to_device(group_task(group, 50_000 + spent, meta_batch, seed), device)
                cosine = F.cosine_similarity(wanted, _meta_gradient(learner, probe), dim=0)
                scores[g] += cosine.cpu()
            spent += meta_batch * len(GROUPS) + len(validation.support.x)
        shares = scores.softmax(0)
        rows.append(shares)
        for _ in range(block):
            drawn = torch.multinomial(shares, meta_batch, replacement=True, generator=numbers)
            parts = []
            for g, count in enumerate(drawn.bincount(minlength=len(GROUPS)).tolist()):
                if count:
                    parts.append(group_task(GROUPS[g], taken[g], count, seed))
                    taken[g] += count
            outer.step(to_device(map_tensors(lambda *x: torch.cat(x), *parts), device))
    return Sampling(torch.stack(rows), spent)


def _meta_gradient(learner: Learner, tasks: Task) -> Tensor:
    gradients = torch.autograd.grad(learner(tasks), list(learner.parameters()))
    return torch.cat([gradient.flatten() for gradient in gradients])
