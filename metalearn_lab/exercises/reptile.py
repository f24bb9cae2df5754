"""Self-check of the exercise on Reptile: its batched update."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from metalearn_lab.exercises.drawn_settings import drawn_settings
from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check

Slope = Callable[[Tensor], Tensor]
Update = Callable[[Tensor, Sequence[Slope], float, int, float], Tensor]
"""φ, the slope of each task's loss, α, k and ε to the new φ."""

_CURVATURES = torch.tensor([2.0, 8.0, 5.0]).double()
_CENTRES = torch.tensor([-1.0, 1.0, 0.2]).double()


@self_check
def check_reptile_update(update: Update) -> Verdict:
    """``update(phi, slopes, alpha, k, epsilon)`` is φ + ε (1/n) Σ (φ̃_i − φ)."""
    slopes = [_bowl_slope(a, c) for a, c in zip(_CURVATURES, _CENTRES, strict=True)]
    bowls = slopes[:2]
    settings = drawn_settings("batched Reptile", 4, (0.3, 0.7), (0.05, 0.15), (0.2, 0.5))
    tasks_and_steps = ((bowls, 4), (bowls * 3, 4), (bowls[1:], 3), (slopes, 2))
    return judged(
        "Six tasks, each of two three times over, move φ as the two do: that is the 1/n.",
        (
            _update_mistake(update, slopes, k, *setting)
            for (slopes, k), setting in zip(tasks_and_steps, settings, strict=True)
        ),
    )


def _update_mistake(
    update: Update, slopes: Sequence[Slope], k: int, start: float, alpha: float, epsilon: float
) -> str | None:
    phi = torch.tensor(start, dtype=torch.float64)
    given = number(update(phi, slopes, alpha, k, epsilon))

    def mean_slope(at: Tensor) -> Tensor:
        return torch.stack([slope(at) for slope in slopes]).mean()

    chained = serial = phi
    for slope in slopes:
        chained = _trained(chained, slope, alpha, k)
        serial = serial + epsilon * (_trained(serial, slope, alpha, k) - serial)
    moves = _moves(phi, slopes, alpha, k)
    move = moves.mean()
    likely = {
        "the 1/n is missing: the step grows with the number of tasks.": phi + epsilon * moves.sum(),
        "the sign is wrong: φ moves away from φ̃. Add ε(φ̃ − φ).": phi - epsilon * move,
        "ε is missing: this goes all the way to the mean of the φ̃.": phi + move,
        "this is the move alone: add it to φ.": epsilon * move,
        "this divides by α too. ε(φ̃ − φ) is a step between two points; (φ − φ̃)/α is what an "
        "optimiser takes for a gradient.": phi + epsilon * move / alpha,
        "this takes the gradient at φ. Train k steps first; the update is φ̃ − φ.": phi
        - epsilon * mean_slope(phi),
        "only one inner step was taken: that is pretraining.": phi
        + epsilon * _moves(phi, slopes, alpha, 1).mean(),
        "each task starts where the one before ended. Start every task at φ.": phi
        + epsilon * (chained - phi),
        "φ moves after each task: that is serial Reptile. Take every φ̃ from the same φ, then "
        "move once.": serial,
        "this subtracts φ once from the sum of the φ̃. Subtract it from each.": phi
        + epsilon * ((phi + moves).sum() - phi) / len(slopes),
        "this trains on the mean loss of the tasks. Train on each task alone.": phi
        + epsilon * (_trained(phi, mean_slope, alpha, k) - phi),
        "the inner steps go uphill: subtract α times the slope.": phi
        + epsilon * _moves(phi, slopes, -alpha, k).mean(),
    }
    return describe_mistake(
        given, phi + epsilon * move, likely, "compare with φ + ε · (1/n) Σ (φ̃_i − φ)."
    )


def _bowl_slope(curvature: Tensor, centre: Tensor) -> Slope:
    return lambda phi: curvature * (phi - centre)


def _moves(phi: Tensor, slopes: Sequence[Slope], alpha: float, k: int) -> Tensor:
    """φ̃_i − φ of each task, ``[tasks]``."""
    return torch.stack([_trained(phi, slope, alpha, k) - phi for slope in slopes])


def _trained(phi: Tensor, slope: Slope, alpha: float, k: int) -> Tensor:
    for _ in range(k):
        phi = phi - alpha * slope(phi)
    return phi
