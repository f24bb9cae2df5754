"""Fifteen graded answers: move some off by one or by two, and watch accuracy and kappa."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.evaluation.agreement import agreement, quadratic_kappa
from metalearn_lab.explorers.controls import choice, slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, html_view, noted_table

EACH = 5
"""Answers of each true grade."""

MOST_BY_ONE, MOST_BY_TWO = 6, 4

BOTH, HIGH = "both ways", "always too high"

_BY_ONE = {BOTH: ((0, 1), (1, 0), (1, 2), (2, 1)), HIGH: ((0, 1), (1, 2))}
_BY_TWO = {BOTH: ((0, 2), (2, 0)), HIGH: ((0, 2),)}
"""Moves in turns: a true grade, and the grade that is given in its place."""


class AgreementExplorer(Explorer):
    """Sliders for the answers that are off by one and by two; a choice of the direction."""

    def __init__(self) -> None:
        super().__init__(
            {
                "by_one": slider("off by one", 0, 0, MOST_BY_ONE),
                "by_two": slider("off by two", 0, 0, MOST_BY_TWO),
                "errs": choice("the grader errs", [BOTH, HIGH], BOTH),
            }
        )

    def view(self, *, by_one: int, by_two: int, errs: str) -> View:
        """The table of given and true grades, with both measures."""
        table = graded(by_one, by_two, errs)
        accuracy, kappa = agreement(table).item(), quadratic_kappa(table).item()
        mean = (table.sum(1) @ torch.arange(3).double()).item() / (3 * EACH)
        note = (
            f"{by_one} answers off by one, {by_two} off by two; the grader errs {errs}. "
            f"Accuracy {accuracy:.4f}, quadratic kappa {kappa:.4f}. "
            f"Mean grade given: {mean:.2f}; the true mean is 1.00."
        )
        rows = [
            [f"given {i}", *(str(int(cell)) for cell in row)]
            for i, row in enumerate(table.tolist())
        ]
        caption = f"{3 * EACH} answers: how often each grade was given to each true grade"
        columns = ("grade", "true 0", "true 1", "true 2")
        return html_view(noted_table(note, Table(caption, columns, rows)), note)


def graded(by_one: int, by_two: int, errs: str) -> Tensor:
    """How often grade i was given where the true grade is j, ``[3, 3]``, float64.

    Args:
        by_one: answers whose grade is off by one.
        by_two: answers whose grade is off by two.
        errs: ``BOTH`` or ``HIGH``.
    """
    table = EACH * torch.eye(3, dtype=torch.float64)
    for count, moves in ((by_two, _BY_TWO[errs]), (by_one, _BY_ONE[errs])):
        for i in range(count):
            possible = [move for move in moves if table[move[0], move[0]] > 0]
            true, given = possible[i % len(possible)]
            table[true, true] -= 1
            table[given, true] += 1
    return table
