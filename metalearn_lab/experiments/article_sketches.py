"""Code sketches of circulating articles: a wrapped optimiser, a learned one, and a report."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MetaOptimizer:
    """An article's "meta-optimiser": it hands each step on to an ordinary optimiser.

    As printed it never sets ``self.model``, so ``step`` fails; here the model is handed over.

    Args:
        optimizer: an ordinary one, of the model's parameters.
        learning_rate: stored, and never read.
        model: what the article leaves out.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, learning_rate: float, model: nn.Module | None = None
    ) -> None:
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        if model is not None:
            self.model = model

    def step(self, x: Tensor, y: Tensor) -> None:
        """One step on the mean squared error of a batch."""
        self.optimizer.zero_grad()
        loss = F.mse_loss(self.model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()


def gap_to_adam(x: Tensor, y: Tensor, steps: int) -> float:
    """The largest difference of weights after steps of the "meta-optimiser" and of Adam alone.

    Args:
        x: inputs of one linear layer, ``[items, 1]``.
        y: its targets, the same.
        steps: of each.
    """
    wrapped = nn.Linear(1, 1)
    plain = copy.deepcopy(wrapped)
    adam = torch.optim.Adam(plain.parameters(), lr=0.01)
    meta = MetaOptimizer(torch.optim.Adam(wrapped.parameters(), lr=0.01), 0.01, wrapped)
    for _ in range(steps):
        meta.step(x, y)
        adam.zero_grad()
        F.mse_loss(plain(x), y).backward()  # type: ignore[no-untyped-call]
        adam.step()
    pairs = zip(plain.parameters(), wrapped.parameters(), strict=True)
    return max((one - other).abs().max().item() for one, other in pairs)


def outcomes(lines: Mapping[str, Callable[[], object]]) -> dict[str, str]:
    """What each line of a sketch does when it is run: ``runs``, or its error in one line.

    Args:
        lines: by name, each as a function of nothing.
    """
    said = {}
    for name, line in lines.items():
        try:
            line()
        except Exception as error:  # whatever it is, the reader is to see it
            said[name] = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        else:
            said[name] = "runs"
    return said


def loss_along(
    loss: Callable[[Tensor], Tensor], start: Tensor, log_rates: Tensor, steps: int
) -> Tensor:
    """The mean loss of θ_1, …, θ_T on the way of an optimiser that has learned rates.

    θ_{t+1} = θ_t − exp(φ) ∘ ∇f(θ_t); differentiable in φ.

    Args:
        loss: f, a scalar of θ that can be differentiated twice.
        start: θ_0, ``[weights]``.
        log_rates: φ, one number or ``[weights]``.
        steps: T.

    Source: Andrychowicz et al., "Learning to learn by gradient descent by gradient descent",
    NeurIPS 2016, equation 3 with equal weights, for the simplest of update rules.
    """
    theta, losses = start.clone().requires_grad_(), []
    for _ in range(steps):
        (slope,) = torch.autograd.grad(loss(theta), theta, create_graph=True)
        theta = theta - log_rates.exp() * slope
        losses.append(loss(theta))
    return torch.stack(losses).mean()


def learn_log_rate(curvatures: Sequence[float], steps: int, iterations: int, lr: float) -> float:
    """The logarithm of the one rate that is learned on bowls ½ a θ², all from θ_0 = 1, by Adam.

    Args:
        curvatures: a of each bowl.
        steps: T.
        iterations: of Adam.
        lr: its step size.
    """
    log_rate = torch.tensor(-1.0, dtype=torch.float64, requires_grad=True)
    a = torch.tensor(list(curvatures), dtype=torch.float64)
    optimizer = torch.optim.Adam([log_rate], lr)
    for _ in range(iterations):
        optimizer.zero_grad()
        total = loss_along(lambda w: (a * w**2).sum() / 2, torch.ones_like(a), log_rate, steps)
        total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return log_rate.item()


class ReportRow(NamedTuple):
    """A row of a classification report.

    Attributes:
        precision: true positives over predicted ones.
        recall: true positives over ``support``.
        support: how many tokens have this tag.
    """

    precision: float
    recall: float
    support: int


REPORT: Mapping[str, ReportRow] = {
    "B-LOC": ReportRow(0.926, 0.906, 1668),
    "I-LOC": ReportRow(0.900, 0.805, 257),
    "B-MISC": ReportRow(0.875, 0.856, 702),
    "I-MISC": ReportRow(0.838, 0.782, 216),
    "B-ORG": ReportRow(0.914, 0.898, 1661),
    "I-ORG": ReportRow(0.911, 0.894, 835),
    "B-PER": ReportRow(0.964, 0.957, 1617),
    "I-PER": ReportRow(0.983, 0.980, 1156),
    "O": ReportRow(0.993, 0.995, 38323),
}
"""The rows of a report that one of the articles prints for CoNLL-2003; a row is a tag of tokens."""


def micro_f1(rows: Sequence[ReportRow]) -> float:
    """2TP / (predicted + there), with true positives added up over the rows.

    Args:
        rows: of a report, with precision and recall above 0.
    """
    true = [row.recall * row.support for row in rows]
    predicted = [hits / row.precision for hits, row in zip(true, rows, strict=True)]
    return 2 * sum(true) / (sum(predicted) + sum(row.support for row in rows))
