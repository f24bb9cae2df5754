"""Self-checks of the chapter on transfer: LoRA on a table, its size, and honest choosing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from metalearn_lab.exercises.drawn_settings import drawn_settings
from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, not_yet, right, self_check
from metalearn_lab.tasks.seeds import generator

LoRATable = Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]
"""Maps ids ``[items]``, E_0 ``[rows, dim]``, A ``[rows, r]``, B ``[r, dim]`` and s to embeddings
``[items, dim]``."""

_SIZES = ((7, 5, 2, 3.0), (9, 4, 3, 0.7))
"""Rows, dim, r and s of the tables that the check makes."""

_LAYERS = (
    *((768, 512, 8), (10, 3, 2), (32, 64, 1)),
    *drawn_settings("size of LoRA", 3, (3, 900), (3, 900), (3, 20)),
)
"""Inputs, outputs and r, to be rounded down."""


@self_check
def check_lora_table(embed: LoRATable) -> Verdict:
    """Whether a function looks ids up in E_0 + s A B.

    Args:
        embed: the reader's.
    """
    return judged(
        "Rows first, product after: A B, as large as the table, is never made.",
        (_table_mistake(embed, *size) for size in _SIZES),
    )


def _table_mistake(embed: LoRATable, rows: int, dim: int, rank: int, scale: float) -> str | None:
    numbers = generator("lora exercise", rank)
    shapes = ((rows, dim), (rows, rank), (rank, dim))
    table, a, b = (torch.randn(shape, dtype=torch.float64, generator=numbers) for shape in shapes)
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
    likely = {
        "the low-rank part is not scaled: multiply it by s.": frozen + low_rank,
        "the frozen table is missing: add its rows.": scale * low_rank,
        "s scales the low-rank part alone, not the frozen rows.": scale * (frozen + low_rank),
        "s is lora_alpha / r already: do not divide again.": frozen + scale / rank * low_rank,
        "those are the frozen rows alone: add those of s A B.": frozen,
    }
    way_on = "compare with the rows ids of E_0 + s A B, one product at a time."
    if hint := describe_mistake(
        answer, frozen + scale * low_rank, likely, way_on, 1e-5, smallest_scale=1e-3
    ):
        return hint
    if answer.requires_grad:
        slopes = torch.autograd.grad(answer.sum(), (a, b), allow_unused=True)
        if all(slope is not None for slope in slopes):
            return None
    return "the numbers are right, but cut off from A and B, which are to be trained: no detach."


@self_check
def check_lora_parameters(count: Callable[[int, int, int], int]) -> Verdict:
    """Whether a function counts what LoRA trains.

    Args:
        count: of inputs, outputs and rank, the reader's.
    """
    return judged(
        "On a layer of 768 × 768, rank 8 trains 12,288 numbers for 589,824: 2 %.",
        (_count_mistake(count, *map(int, layer)) for layer in _LAYERS),
    )


def _count_mistake(
    count: Callable[[int, int, int], int], inputs: int, outputs: int, rank: int
) -> str | None:
    given, exact = number(count(inputs, outputs, rank)), rank * (inputs + outputs)
    likely = {
        "that is the size of W_0, which is frozen.": inputs * outputs,
        "W_0 is frozen: leave its numbers out.": inputs * outputs + exact,
        "the rows of A and the columns of B are added, not multiplied.": rank * inputs * outputs,
        "that is A alone: B has numbers too.": rank * inputs,
        "that is B alone: A has numbers too.": rank * outputs,
        "that is rank 1: every further rank costs as much again.": inputs + outputs,
    }
    return describe_mistake(
        given, exact, likely, "A is [r, inputs] and B is [outputs, r].", tolerance=0.0
    )


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
    if answer == "last layers":
        return not_yet(
            "that is chosen by the test classes, alone or together with validation: they are for "
            "reporting alone."
        )
    if answer == "probe":
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
