"""Self-checks of the exercises on Reptile: its batched update, and which rule made which path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from metalearn_lab.exercises.drawn import drawn
from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import likely_mistake, near
from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check

Slope = Callable[[Tensor], Tensor]

_CURVATURES, _CENTRES = torch.tensor([2.0, 8.0]).double(), torch.tensor([-1.0, 1.0]).double()
_INNER_LR = 0.1


@self_check
def check_reptile_update(
    update: Callable[[Tensor, Sequence[Slope], float, int, float], Tensor],
) -> Verdict:
    """``update(phi, slopes, alpha, k, epsilon)`` is φ + ε (1/n) Σ (φ̃_i − φ)."""
    slopes = [_bowl_slope(a, c) for a, c in zip(_CURVATURES, _CENTRES, strict=True)]
    settings = drawn("batched Reptile", 3, (0.3, 0.7), (0.05, 0.15), (0.2, 0.5))
    for tasks, k, (start, alpha, epsilon) in zip(
        (slopes, slopes * 3, slopes[1:]), (4, 4, 3), settings, strict=True
    ):
        phi = torch.tensor(start, dtype=torch.float64)
        found = number(update(phi, tasks, alpha, k, epsilon))
        moves = torch.stack([_trained(phi, slope, alpha, k) - phi for slope in tasks])
        if not near(found, (phi + epsilon * moves.mean()).item()):
            return not_yet(_reptile_mistake(found, phi, tasks, alpha, k, epsilon))
    return right("Six tasks, each of two three times over, move φ as the two do: that is the 1/n.")


def _reptile_mistake(
    found: float, phi: Tensor, tasks: Sequence[Slope], alpha: float, k: int, epsilon: float
) -> str:
    moves = torch.stack([_trained(phi, slope, alpha, k) - phi for slope in tasks])
    here = torch.stack([slope(phi) for slope in tasks]).mean()
    one_step = torch.stack([_trained(phi, slope, alpha, 1) - phi for slope in tasks]).mean()
    chained = serial = phi
    for slope in tasks:
        chained = _trained(chained, slope, alpha, k)
        serial = serial + epsilon * (_trained(serial, slope, alpha, k) - serial)
    together = _trained(
        phi, lambda at: torch.stack([slope(at) for slope in tasks]).mean(), alpha, k
    )
    ends = phi + moves
    mistakes = {
        "the 1/n is missing: the step grows with the number of tasks.": phi + epsilon * moves.sum(),
        "the sign is wrong: φ moves away from φ̃. Add ε(φ̃ − φ).": phi - epsilon * moves.mean(),
        "ε is missing: this goes all the way to the mean of the φ̃.": phi + moves.mean(),
        "this is the move alone: add it to φ.": epsilon * moves.mean(),
        "this divides by α too. ε(φ̃ − φ) is a step between two points; (φ − φ̃)/α is what an "
        "optimiser takes for a gradient.": phi + epsilon * moves.mean() / alpha,
        "this takes the gradient at φ. Train k steps first; the update is φ̃ − φ.": phi
        - epsilon * here,
        "only one inner step was taken: that is joint training.": phi + epsilon * one_step,
        "each task starts where the one before ended. Start every task at φ.": phi
        + epsilon * (chained - phi),
        "φ moves after each task: that is serial Reptile. Take every φ̃ from the same φ, then "
        "move once.": serial,
        "this subtracts φ once from the sum of the φ̃. Subtract it from each.": phi
        + epsilon * (ends.sum() - phi) / len(tasks),
        "this trains on the mean loss of the tasks. Train on each task alone.": phi
        + epsilon * (together - phi),
        "the inner steps go uphill: subtract α times the slope.": phi
        + epsilon * torch.stack([_trained(phi, s, -alpha, k) - phi for s in tasks]).mean(),
    }
    values = {mistake: value.item() for mistake, value in mistakes.items()}
    return likely_mistake(found, values) or "compare with φ + ε · (1/n) Σ (φ̃_i − φ)."


def _bowl_slope(curvature: Tensor, centre: Tensor) -> Slope:
    return lambda phi: curvature * (phi - centre)


def _trained(phi: Tensor, slope: Slope, alpha: float, k: int) -> Tensor:
    for _ in range(k):
        phi = phi - alpha * slope(phi)
    return phi


RULES: dict[str, Callable[[Tensor], Tensor]] = {
    "joint training": lambda a: a,
    "MAML": lambda a: a * (1 - _INNER_LR * a) ** 2,
    "first-order MAML": lambda a: a * (1 - _INNER_LR * a),
    "Reptile, k = 5": lambda a: 1 - (1 - _INNER_LR * a) ** 5,
    "MAML with the inner sign wrong": lambda a: a * (1 + _INNER_LR * a) ** 2,
}
"""The pull of a centre by its curvature, under five rules with α = 0.1."""

_PATHS = {
    "A": "MAML with the inner sign wrong",
    "B": "first-order MAML",
    "C": "Reptile, k = 5",
    "D": "MAML",
}


def unnamed_paths(outer_steps: int) -> dict[str, list[float]]:
    """θ over the outer steps under four of the rules, from θ = 0.5, on the two bowls."""
    return {letter: _settling(RULES[rule], outer_steps) for letter, rule in _PATHS.items()}


@self_check
def check_rules(answer: Mapping[str, str]) -> Verdict:
    """``{"A": rule, …}`` names the rule of each path of ``unnamed_paths``."""
    if unknown := sorted(set(answer.values()) - set(RULES)):
        return not_yet(f"no rule is called {unknown[0]!r}: use one of {', '.join(RULES)}.")
    if missing := sorted(set(_PATHS) - set(answer)):
        return not_yet(f"path {missing[0]} has no rule yet.")
    for letter, rule in _PATHS.items():
        if answer[letter] != rule:
            end, wrong = (_settles(each) for each in (rule, answer[letter]))
            return not_yet(
                f"path {letter} ends at {end:.3f}, but {answer[letter]} settles at {wrong:.3f}. "
                "Work out the pulls of both centres first."
            )
    return right("The end point gives the pulls, and the pulls give the rule.")


def _settling(pull: Callable[[Tensor], Tensor], outer_steps: int) -> list[float]:
    pulls, path = pull(_CURVATURES), [0.5]
    for _ in range(outer_steps):
        slope = (pulls * (path[-1] - _CENTRES)).sum() / pulls.sum()
        path.append(path[-1] - 0.2 * slope.item())
    return path


def _settles(rule: str) -> float:
    pulls = RULES[rule](_CURVATURES)
    return round(((pulls * _CENTRES).sum() / pulls.sum()).item(), 6) + 0.0
