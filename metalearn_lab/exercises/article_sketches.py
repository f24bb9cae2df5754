"""Self-checks of chapter 13: a learned optimiser's loss, and a score without the easy tag."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Refused, Verdict, judged, self_check
from metalearn_lab.experiments.article_sketches import loss_along
from metalearn_lab.tasks.seeds import generator

LossAlong = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor, int], Tensor]
"""A loss, where θ starts, logarithms of rates and the number of steps to the mean loss."""

ScoreOfRows = Callable[[Sequence[float], Sequence[float], Sequence[int]], float]
"""Precisions, recalls and supports of the rows to one F1."""


@self_check
def check_learned_optimizer(answer: LossAlong) -> Verdict:
    """Check the mean loss along the way of an optimiser with learned rates, and its gradient.

    Args:
        answer: takes a loss, θ_0, φ and T; returns a scalar to be differentiated in φ.
    """
    settings = ((3, 1), (2, 3), (4, 5))
    return judged(
        "Now the optimiser has something to learn: the gradient reaches its rates.",
        (_along_mistake(answer, i, *each) for i, each in enumerate(settings)),
    )


@self_check
def check_score_without_o(answer: ScoreOfRows) -> Verdict:
    """Check the micro-averaged F1 of several reports.

    Args:
        answer: takes precisions, recalls and supports of the rows, and returns a number.
    """
    return judged(
        "Rows with many tokens now count for what they are, and none of them is the easy tag.",
        (_score_mistake(answer, i) for i in range(3)),
    )


def _along(
    loss: Callable[[Tensor], Tensor], start: Tensor, log_rates: Tensor, steps: int, way: str
) -> Tensor:
    """The loss with a likely mistake."""
    rates = log_rates if way == "no exp" else log_rates.exp()
    theta, losses = start.clone().requires_grad_(), []
    losses.append(loss(theta))
    for _ in range(steps):
        (slope,) = torch.autograd.grad(loss(theta), theta, create_graph=True)
        if way == "one rate":
            rates = log_rates.exp().mean()
        theta = theta + rates * slope if way == "up" else theta - rates * slope
        losses.append(loss(theta))
    if way == "before":
        losses = losses[:-1]
    elif way != "both ends":
        losses = losses[1:]
    total = torch.stack(losses)
    if way == "last":
        return losses[-1]
    return total.sum() if way == "sum" else total.mean()


_ALONG_MISTAKES = {
    "no exp": "the rates are exp(φ): they must be positive.",
    "one rate": "each weight has its own rate: multiply element by element.",
    "up": "the steps go up the gradient: θ − exp(φ) ∘ ∇f(θ).",
    "before": "these are the losses *before* each step; take those after it.",
    "both ends": "the loss at θ_0 is in the mean; no rate can change it.",
    "last": "this is the last loss alone; take the mean of all after the first step.",
    "sum": "the losses are added up; take their mean.",
}


def _along_mistake(answer: LossAlong, address: int, size: int, steps: int) -> str | None:
    numbers = generator("learned optimiser exercise", address)
    start, slopes, given_rates = torch.randn(3, size, generator=numbers, dtype=torch.float64)
    log_rates = (0.3 * given_rates - 2.0).requires_grad_()

    def loss(theta: Tensor) -> Tensor:
        total: Tensor = ((0.5 + slopes**2) * theta**2).sum() / 2 + (theta**4).sum() / 8
        return total

    returned: object = answer(loss, start, log_rates, steps)
    if not isinstance(returned, Tensor):
        raise Refused("return the tensor, not a plain number: the gradient must go through it.")
    given, exact = tensor(returned, ()), loss_along(loss, start, log_rates, steps)
    likely = {
        hint: _along(loss, start, log_rates, steps, way) for way, hint in _ALONG_MISTAKES.items()
    }
    other = f"after {steps} steps the mean should be {exact.item():.6f}, not {given.item():.6f}."
    if wrong := describe_mistake(given, exact, likely, other):
        return wrong
    if not given.requires_grad:
        return "no gradient reaches φ: a `detach`, `no_grad` or `.item()` cut it off."
    found, expected = (
        torch.autograd.grad(each, log_rates, allow_unused=True, materialize_grads=True)[0]
        for each in (given, exact)
    )
    hint = (
        "the loss is right, its gradient in φ is not: does the inner gradient have "
        "create_graph=True, and does θ stay in the graph from step to step?"
    )
    return describe_mistake(found, expected, {}, hint, 1e-5, smallest_scale=1e-3)


def _score_mistake(answer: ScoreOfRows, address: int) -> str | None:
    numbers = generator("report exercise", address)
    precision, recall = (0.5 + 0.5 * torch.rand(2, 4 + address, generator=numbers)).double()
    support = torch.randint(20, 3000, (4 + address,), generator=numbers)
    given = number(answer(precision.tolist(), recall.tolist(), support.tolist()))
    true = recall * support
    predicted = true / precision
    f1 = 2 * precision * recall / (precision + recall)
    exact = (2 * true.sum() / (predicted.sum() + support.sum())).item()
    micro_p, micro_r = (true.sum() / predicted.sum()).item(), (true.sum() / support.sum()).item()
    likely = {
        "this is the mean of the F1 of the rows: a rare tag counts as much as a common one.": (
            f1.mean().item()
        ),
        "this is a mean of F1, weighted by support. Add up the true positives instead.": (
            (f1 * support).sum() / support.sum()
        ).item(),
        "this is the precision; F1 needs the recall too.": micro_p,
        "this is the recall; F1 needs the precision too.": micro_r,
        "this is the plain mean of precision and recall; F1 is their harmonic mean.": (
            (micro_p + micro_r) / 2
        ),
        "a share between 0 and 1 is asked for, not a percentage.": 100 * exact,
    }
    for hint, value in likely.items():
        if abs(given - value) < 1e-7 * max(1.0, abs(value)) < abs(exact - value):
            return hint
    if abs(given - exact) > 1e-6:
        return f"the score should be {exact:.6f}, yours is {given:.6f}."
    return None
