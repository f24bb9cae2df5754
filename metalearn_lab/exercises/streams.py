"""Self-checks of chapter 11: the meta-leader of a stream of bowls, and scores of forgetting."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.quadratics import centre_weight
from metalearn_lab.tasks.seeds import generator

MetaLeader = Callable[[Tensor, Tensor, float, int], Tensor]
"""Curvatures, centres, α and k to the start for each next task."""

TransferScores = Callable[[Tensor, Tensor], Tensor]
"""R and the baseline to accuracy, backward transfer, forward transfer and forgetting."""


@self_check
def check_meta_leader(answer: MetaLeader) -> Verdict:
    """Check the best single start after each task, for one to three inner steps."""
    return judged(
        "After every task your start is the best one in hindsight.",
        (_leader_mistake(answer, seed, k) for seed, k in enumerate((1, 3, 2))),
    )


@self_check
def check_transfer_scores(answer: TransferScores) -> Verdict:
    """Check the four scores on tables of two to five tasks."""
    return judged("All four scores are right.", (_scores_mistake(answer, 2 + i) for i in range(4)))


def _leader_mistake(answer: MetaLeader, seed: int, k: int) -> str | None:
    numbers = generator("meta-leader exercise", seed)
    count, inner_lr = 4 + seed, 0.08 + 0.02 * seed
    a = 1 + 6 * torch.rand(count, generator=numbers, dtype=torch.float64)
    c = 2 * torch.randn(count, generator=numbers, dtype=torch.float64)
    given = tensor(answer(a, c, inner_lr, k), (count,))
    shrink = 1 - inner_lr * a

    def mean(weights: Tensor) -> Tensor:
        return (weights * c).cumsum(0) / weights.cumsum(0)

    exact = mean(centre_weight("maml", a, shrink, k))
    likely = {
        "these are the starts of training on everything: the weights lack (1 − αa)^{2k}.": mean(a),
        "the weights lack the factor a.": mean(shrink ** (2 * k)),
        "the exponent is 2k: the step shortens w − c, and the loss squares it.": mean(
            a * shrink**k
        ),
        "the exponent is 2k, and yours does not grow with k.": mean(a * shrink**2),
        "this is the plain mean of the centres.": mean(torch.ones_like(a)),
        "every entry has all tasks in it; entry t may know the first t only.": exact[-1:].expand(
            count
        ),
        "this is the newest centre.": c,
    }
    other = f"with α = {inner_lr:.2f} and k = {k} the last start should be {exact[-1]:.6f}."
    return describe_mistake(given, exact, likely, other)


def _scores_mistake(answer: TransferScores, tasks: int) -> str | None:
    numbers = generator("transfer scores exercise", tasks)
    table = torch.rand(tasks, tasks, generator=numbers, dtype=torch.float64)
    baseline = 0.3 * torch.rand(tasks, generator=numbers, dtype=torch.float64)
    given = tensor(answer(table, baseline), (4,))
    own, last = table.diagonal(), table[-1]
    ahead = table.diagonal(1)
    right = {
        "the first score (accuracy)": last.mean(),
        "the second score (backward)": (last - own)[:-1].mean(),
        "the third score (forward)": (ahead - baseline[1:]).mean(),
        "the fourth score (forgetting)": (table[:-1, :-1].max(0).values - last[:-1]).mean(),
    }
    likely = {
        "the first score (accuracy)": {
            "is the mean of the whole table; take the last row.": table.mean(),
            "is the mean of the diagonal; take the last row.": own.mean(),
            "is the mean of the last column; take the last row.": table[:, -1].mean(),
        },
        "the second score (backward)": {
            "has the wrong sign: forgetting must make it negative.": (own - last)[:-1].mean(),
            "is divided by T; the last task has nothing to forget, so divide by T − 1.": (
                last - own
            ).mean(),
        },
        "the third score (forward)": {
            "lacks the baseline.": ahead.mean(),
            "takes the baseline of the task before.": (ahead - baseline[:-1]).mean(),
            "reads the table below the diagonal; above it a task is not yet trained.": (
                table.diagonal(-1) - baseline[1:]
            ).mean(),
        },
        "the fourth score (forgetting)": {
            "has the wrong sign.": -right["the fourth score (forgetting)"],
            "also looks for the best in the last row.": (
                table[:, :-1].max(0).values - last[:-1]
            ).mean(),
        },
    }
    for mine, (name, value) in zip(given, right.items(), strict=True):
        hints = {f"{name} {hint}": wrong for hint, wrong in likely[name].items()}
        other = f"{name} should be {value:.6f}, yours is {mine:.6f}."
        if wrong := describe_mistake(mine, value, hints, other):
            return wrong
    return None
