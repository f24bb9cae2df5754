"""A stream of bowls ½a(w − c)² on one weight: four ways to choose the next start, exactly.

Task t is met from the start w_t, with one inner step of size α to w_t − αa(w_t − c). The loss
after that step is ½a(1 − αa)²(w_t − c)²: again a bowl around c, with another curvature. So the best
single start for several tasks is the mean of their centres, weighted by a(1 − αa)²; before the step
the weights would be a.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.tasks.quadratics import centre_weight
from metalearn_lab.tasks.seeds import generator

META_LEADER, EVERYTHING = "follow the meta-leader", "train on everything"
NEWEST, SCRATCH = "fine-tune the newest", "from scratch"
RULES = (META_LEADER, EVERYTHING, NEWEST, SCRATCH)


class BowlStream(NamedTuple):
    """Curvatures a and centres c in the order in which they come, each ``[T]``."""

    curvatures: Tensor
    centres: Tensor

    def in_order(self, order: Tensor) -> BowlStream:
        """The same bowls in another order, given by their numbers ``[T]``."""
        return BowlStream(self.curvatures[order], self.centres[order])


def steep_and_flat(
    tasks: int, *, steep: float, flat: float, at: tuple[float, float], spread: float, seed: int
) -> BowlStream:
    """Steep and flat bowls in a drawn order; their centres lie around two places.

    Args:
        tasks: T.
        steep: curvature of about half of them.
        flat: curvature of the others.
        at: the places of the steep and of the flat ones.
        spread: standard deviation of the centres around their place.
        seed: of the draw.
    """
    numbers = generator("bowl stream", seed)
    is_steep = torch.rand(tasks, generator=numbers) < 0.5
    noise = spread * torch.randn(tasks, generator=numbers, dtype=torch.float64)
    centres = torch.where(is_steep, at[0], at[1]) + noise
    curvatures = torch.where(is_steep, steep, flat).double()
    return BowlStream(curvatures, centres)


def meta_leader(stream: BowlStream, inner_lr: float) -> Tensor:
    """The best single start for the first t tasks, t = 1, …, T: a weighted mean, ``[T]``.

    Where all weights are 0 (αa = 1: one step solves every task), every start is as good, and this
    one is 0.

    Source: Finn, Rajeswaran, Kakade and Levine, "Online Meta-Learning", ICML 2019, section 3.
    """
    a = stream.curvatures
    weights = centre_weight("maml", a, 1 - inner_lr * a, 1)
    return ((weights * stream.centres).cumsum(0) / weights.cumsum(0)).nan_to_num(0.0)


def starts(rule: str, stream: BowlStream, inner_lr: float) -> Tensor:
    """w_1 = 0, then w_2, …, w_{T+1}: what a rule begins each next task with, ``[T + 1]``.

    Args:
        rule: one of ``RULES``. "train on everything" is the meta-leader for α = 0. "fine-tune the
            newest" trains on each task until its loss is 0. "from scratch" stays at 0.
        stream: the tasks.
        inner_lr: α.

    Raises:
        ValueError: an unknown rule.
    """
    match rule:
        case "follow the meta-leader":
            later = meta_leader(stream, inner_lr)
        case "train on everything":
            later = meta_leader(stream, 0.0)
        case "fine-tune the newest":
            later = stream.centres
        case "from scratch":
            later = torch.zeros_like(stream.centres)
        case _:
            raise ValueError(f"no rule {rule!r}: use one of {', '.join(RULES)}")
    return torch.cat([torch.zeros_like(later[:1]), later])


def losses_after_a_step(starts: Tensor, stream: BowlStream, inner_lr: float) -> Tensor:
    """½a(1 − αa)²(w − c)² of every task, ``[..., T]``.

    Args:
        starts: w, ``[..., T]``.
        stream: the tasks.
        inner_lr: α.
    """
    a, c = stream
    return a / 2 * ((1 - inner_lr * a) * (starts - c)) ** 2


def regret(rule: str, stream: BowlStream, inner_lr: float) -> Tensor:
    """Total loss of the first t tasks, less that of the best single start for them, ``[T]``."""
    met = losses_after_a_step(starts(rule, stream, inner_lr)[:-1], stream, inner_lr).cumsum(0)
    best = meta_leader(stream, inner_lr)
    tasks = torch.arange(len(best))
    table = losses_after_a_step(best[:, None], stream, inner_lr).cumsum(1)
    return met - table[tasks, tasks]


def alternating(tasks: int) -> BowlStream:
    """Bowls of curvature 1 around 1, −1, 1, and so on."""
    signs = 1.0 - 2.0 * (torch.arange(tasks, dtype=torch.float64) % 2)
    return BowlStream(torch.ones_like(signs), signs)
