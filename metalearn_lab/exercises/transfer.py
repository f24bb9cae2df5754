"""Self-checks of the chapter on transfer: LoRA on a table, its size, and honest choosing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from metalearn_lab.exercises.drawn import drawn
from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check
from metalearn_lab.tasks.seeds import generator

LoRATable = Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]
"""Maps ids ``[items]``, E_0 ``[rows, dim]``, A ``[rows, r]``, B ``[r, dim]`` and s to embeddings
``[items, dim]``."""

_SIZES = ((7, 5, 2, 3.0), (9, 4, 3, 0.7))
"""Rows, dim, r and s of the tables that the check makes."""


@self_check
def check_lora_table(embed: LoRATable) -> Verdict:
    """Whether a function looks ids up in E_0 + s A B.

    Args:
        embed: the reader's.
    """
    for size in _SIZES:
        if mistake := _table_mistake(embed, *size):
            return not_yet(mistake)
    return right("Rows first, product after: A B, as large as the table, is never made.")


def _table_mistake(embed: LoRATable, rows: int, dim: int, rank: int, scale: float) -> str | None:
    """What is wrong on one table; None where nothing is."""
    numbers = generator("lora exercise", rank)
    shapes = ((rows, dim), (rows, rank), (rank, dim))
    table, a, b = (torch.randn(each, dtype=torch.float64, generator=numbers) for each in shapes)
    a, b = a.requires_grad_(), b.requires_grad_()
    ids = torch.tensor([3, 0, 3, rows - 1])
    returned = embed(ids, table, a, b, scale)
    if isinstance(returned, Tensor) and returned.shape != (4, dim):
        return (
            f"four ids make embeddings [4, {dim}], yours are {list(returned.shape)}: look up the "
            "rows of E_0 and of A, both with ids."
        )
    answer = tensor(returned, (4, dim))
    frozen, low_rank = table[ids], a[ids] @ b
    mistakes = {
        "the low-rank part is not scaled: multiply it by s.": frozen + low_rank,
        "the frozen table is missing: add its rows.": scale * low_rank,
        "s scales the low-rank part alone, not the frozen rows.": scale * (frozen + low_rank),
        "s is lora_alpha / r already: do not divide again.": frozen + scale / rank * low_rank,
        "those are the frozen rows alone: add those of s A B.": frozen,
    }
    for hint, wrong in mistakes.items():
        if torch.allclose(answer, wrong):
            return hint
    if not torch.allclose(answer, frozen + scale * low_rank):
        return "compare with the rows ids of E_0 + s A B, one product at a time."
    if not (answer.requires_grad and all(_reaches(answer, factor) for factor in (a, b))):
        return (
            "the numbers are right, but cut off from A and B, which are to be trained: no detach."
        )
    return None


def _reaches(answer: Tensor, factor: Tensor) -> bool:
    """Whether a gradient comes through to a factor."""
    [slope] = torch.autograd.grad(answer.sum(), factor, retain_graph=True, allow_unused=True)
    return slope is not None


@self_check
def check_lora_parameters(count: Callable[[int, int, int], int]) -> Verdict:
    """Whether a function counts what LoRA trains.

    Args:
        count: of inputs, outputs and rank, the reader's.
    """
    sizes = drawn("size of LoRA", 3, (3, 900), (3, 900), (3, 20))
    for setting in ((768, 512, 8), (10, 3, 2), (32, 64, 1), *sizes):
        inputs, outputs, rank = map(int, setting)
        answer, exact = number(count(inputs, outputs, rank)), rank * (inputs + outputs)
        known: dict[float, str] = {
            inputs * outputs: "that is the size of W_0, which is frozen.",
            inputs * outputs + exact: "W_0 is frozen: leave its numbers out.",
            rank
            * inputs
            * outputs: "the rows of A and the columns of B are added, not multiplied.",
            rank * inputs: "that is A alone: B has numbers too.",
            rank * outputs: "that is B alone: A has numbers too.",
            inputs + outputs: "that is rank 1: every further rank costs as much again.",
        }
        if answer != exact:
            return not_yet(known.get(answer, "A is [r, inputs] and B is [outputs, r]."))
    return right("On a layer of 768 × 768, rank 8 trains 12,288 numbers for 589,824: 2 %.")


_VALIDATION = {"probe": 0.71, "LoRA": 0.78, "last layers": 0.76, "full": 0.74}
_TEST = {"probe": 0.72, "LoRA": 0.75, "last layers": 0.79, "full": 0.73}


@self_check
def check_choose(choose: Callable[[Mapping[str, float], Mapping[str, float]], str]) -> Verdict:
    """Whether what to adapt is chosen on the validation classes.

    Args:
        choose: of the accuracies on validation and on test classes by name, a name; the reader's.
    """
    answer = choose(dict(_VALIDATION), dict(_TEST))
    if answer not in _VALIDATION:
        return not_yet(f"return one of the names, such as 'probe', not {answer!r}.")
    sums = {name: _VALIDATION[name] + _TEST[name] for name in _TEST}
    if answer == "last layers":
        both = "both, and so on" if answer == max(sums, key=lambda each: sums[each]) else "on"
        return not_yet(f"that is chosen {both} the test classes, which are for reporting alone.")
    if answer == min(_VALIDATION, key=lambda each: _VALIDATION[each]):
        return not_yet("that is the smallest accuracy; `max(names, key=...)` takes the largest.")
    if answer != "LoRA" or choose(dict(_VALIDATION), dict.fromkeys(_TEST, 0.0)) != "LoRA":
        return not_yet("take the name with the highest accuracy on the validation classes.")
    swapped = {**_VALIDATION, "LoRA": 0.70, "full": 0.80}
    if choose(swapped, dict(_TEST)) != "full":
        return not_yet("with other validation accuracies another name is highest: look them up.")
    if choose({"first": 0.7801, "second": 0.78}, {"first": 0.0, "second": 1.0}) != "first":
        return not_yet(
            "where two are close on validation, the test classes still have a say in yours: "
            "leave `test` unused."
        )
    return right("The test classes had no say. You report 75 %, though 79 % was on the table.")
