"""How far two graders agree: accuracy, and Cohen's kappa with quadratic weights."""

from __future__ import annotations

import torch
from torch import Tensor


def confusion_table(given: Tensor, true: Tensor, grades: int) -> Tensor:
    """How often the first grader gave i where the second gave j, ``[grades, grades]``, float64.

    Args:
        given: grades 0, …, ``grades`` − 1 of one grader, ``[answers]``.
        true: of the other one, ``[answers]``.
        grades: how many grades there are.

    Raises:
        ValueError: the shapes differ, or a grade is out of range.
    """
    if given.ndim != 1 or given.shape != true.shape:
        raise ValueError(f"two lists of grades are needed, got {given.shape} and {true.shape}")
    for graded in (given, true):
        if len(graded) and not 0 <= int(graded.min()) <= int(graded.max()) < grades:
            raise ValueError(f"grades must lie in 0, …, {grades - 1}")
    cells = torch.bincount((given * grades + true).long().cpu(), minlength=grades**2)
    return cells.view(grades, grades).double()


def quadratic_kappa(table: Tensor) -> Tensor:
    """1 − Σ w O / Σ w E with w = (i − j)²; 1 is full agreement, 0 that of chance.

    E is what two graders with these totals would give if they graded independently of each other.

    Args:
        table: O, how often one gave i and the other j, ``[..., grades, grades]``.

    Returns:
        ``[...]``; 0 where one of the graders always gives one grade and the other one does not,
        NaN where both always give the same one.

    Source: Cohen, "Weighted kappa", Psychological Bulletin 1968.
    """
    grades = torch.arange(table.shape[-1], dtype=table.dtype, device=table.device)
    weights = (grades[:, None] - grades) ** 2
    total = table.sum((-2, -1), keepdim=True)
    expected = table.sum(-1, keepdim=True) * table.sum(-2, keepdim=True) / total
    return 1 - (weights * table).sum((-2, -1)) / (weights * expected).sum((-2, -1))


def agreement(table: Tensor) -> Tensor:
    """The share of answers on which both graders agree, ``[...]``."""
    return table.diagonal(dim1=-2, dim2=-1).sum(-1) / table.sum((-2, -1))


def kappa_of(given: Tensor, true: Tensor, grades: int) -> float:
    """Quadratic kappa of two lists of grades, see ``confusion_table``."""
    return float(quadratic_kappa(confusion_table(given, true, grades)))
