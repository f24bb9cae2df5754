"""Self-checks of chapter 22: what a frequent sense is worth, and the quadratic weighted kappa."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.evaluation.agreement import confusion_table, quadratic_kappa
from metalearn_lab.exercises.finite import number, numbers
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.seeds import generator

Kappa = Callable[[Tensor, Tensor, int], object]
"""Two lists of grades and the number of grades to their kappa."""


@self_check
def check_frequent_sense(answer: object) -> Verdict:
    """Check two accuracies on a running text, and one that weighs both senses alike."""
    return judged(
        "On running text the frequent sense decides; a mean over senses hides this, or shows it.",
        [_frequency_mistake(answer)],
    )


def _frequency_mistake(answer: object) -> str | None:
    names = ("the learner's accuracy", "its balanced accuracy", "that of always the frequent sense")
    own = numbers(answer, names)
    often, recalls = 0.9, (0.8, 1.0)
    right = [often * recalls[0] + (1 - often) * recalls[1], sum(recalls) / 2, often]
    percent = [100 * share for share in right]
    likely = {
        "give shares, not per cent.": percent,
        "the last number is the accuracy on running text, of which 90 % is the frequent sense.": [
            *right[:2],
            0.5,
        ],
        "weigh each recall by how often its sense occurs.": [sum(recalls) / 2, *right[1:]],
        "the balanced accuracy is the mean of the two recalls.": [right[0], right[0], often],
        "the two recalls have changed places.": [
            often * recalls[1] + (1 - often) * recalls[0],
            *right[1:],
        ],
    }
    return describe_mistake(own, right, likely, "at least one of the three numbers is wrong.")


@self_check
def check_my_kappa(answer: Kappa) -> Verdict:
    """Check the kappa of several pairs of graders, of whom one always gives one grade."""
    return judged(
        "An error of two grades weighs four times as much as an error of one.",
        (_mistake(answer, i, *sizes) for i, sizes in enumerate(_SIZES)),
    )


_SIZES = ((3, 15, False), (5, 40, False), (4, 30, False), (6, 25, False), (3, 12, True))
"""Grades, answers, and whether the first grader always gives one grade."""


def _pair(seed: int, grades: int, answers: int, constant: bool) -> tuple[Tensor, Tensor]:
    numbers = generator("kappa exercise", seed)
    true = torch.randint(0, grades, (answers,), generator=numbers)
    true[:grades] = torch.arange(grades)  # each of them occurs
    if constant:
        return torch.ones_like(true), true
    noise = torch.randint(-1, 3, (answers,), generator=numbers)
    given = (true + noise * (torch.rand(answers, generator=numbers) < 0.6)).clamp(0, grades - 2)
    return given, true  # the first grader never gives the highest grade


def _weighted(table: Tensor, weights: Tensor, expected: Tensor) -> float:
    return float(1 - (weights * table).sum() / (weights * expected).sum())


def _mistake(answer: Kappa, seed: int, grades: int, answers: int, constant: bool) -> str | None:
    given, true = _pair(seed, grades, answers, constant)
    table = confusion_table(given, true, grades)
    exact = float(quadratic_kappa(table))
    distance = (torch.arange(grades)[:, None] - torch.arange(grades)).double().abs()
    independent = table.sum(1, keepdim=True) * table.sum(0) / answers
    even = torch.full_like(table, answers / grades**2)
    likely = {
        "this is the accuracy: a near miss counts nothing, and chance is not taken off.": float(
            table.trace() / answers
        ),
        "the weights are |i − j|; square them.": _weighted(table, distance, independent),
        "the weights are 0 and 1, as in the kappa without weights; use (i − j)².": _weighted(
            table, (distance > 0).double(), independent
        ),
        "the expected counts are the same in every cell; they should follow from the totals of "
        "both graders.": _weighted(table, distance**2, even),
        "the expected counts are not divided by the number of answers.": _weighted(
            table, distance**2, answers * independent
        ),
        "this is Σ w O / Σ w E; kappa is 1 less that.": 1 - exact,
    }
    other = f"the kappa of pair {seed + 1} should be {exact:.6f}, yours is "
    own = number(answer(given.clone(), true.clone(), grades))
    hints = {} if constant else likely
    return describe_mistake(own, exact, hints, f"{other}{own:.6f}.")
