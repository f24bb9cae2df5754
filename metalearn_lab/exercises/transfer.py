"""Self-checks of the chapter on transfer: LoRA on a table, its size, and honest choosing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check
from metalearn_lab.tasks.seeds import generator

LoRATable = Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]
"""Maps ids ``[items]``, E_0 ``[rows, dim]``, A ``[rows, r]``, B ``[r, dim]`` and s to embeddings
``[items, dim]``."""

_ROWS, _DIM, _RANK, _SCALE = 7, 5, 2, 3.0


@self_check
def check_lora_table(embed: LoRATable) -> Verdict:
    """Whether a function looks ids up in E_0 + s A B.

    Args:
        embed: the reader's.
    """
    numbers = generator("lora exercise")
    shapes = ((_ROWS, _DIM), (_ROWS, _RANK), (_RANK, _DIM))
    table, a, b = (torch.randn(each, dtype=torch.float64, generator=numbers) for each in shapes)
    ids = torch.tensor([3, 0, 3, 6])
    answer = embed(ids, table, a, b, _SCALE)
    if answer.shape != (4, _DIM):
        return not_yet(
            f"four ids make embeddings [4, {_DIM}], yours are {list(answer.shape)}: look up the "
            "rows of E_0 and of A, both with ids."
        )
    frozen, low_rank = table[ids], a[ids] @ b
    mistakes = {
        "the low-rank part is not scaled: multiply it by s.": frozen + low_rank,
        "the frozen table is missing: add its rows.": _SCALE * low_rank,
        "s scales the low-rank part alone, not the frozen rows.": _SCALE * (frozen + low_rank),
        "s is lora_alpha / r already: do not divide again.": frozen + _SCALE / _RANK * low_rank,
        "those are the frozen rows alone: add those of s A B.": frozen,
    }
    for hint, wrong in mistakes.items():
        if torch.allclose(answer.double(), wrong):
            return not_yet(hint)
    if not torch.allclose(answer.double(), frozen + _SCALE * low_rank):
        return not_yet("compare with the rows ids of E_0 + s A B, one product at a time.")
    return right("Rows first, product after: A B, as large as the table, is never made.")


@self_check
def check_lora_parameters(count: Callable[[int, int, int], int]) -> Verdict:
    """Whether a function counts what LoRA trains.

    Args:
        count: of inputs, outputs and rank, the reader's.
    """
    for inputs, outputs, rank in ((768, 512, 8), (10, 3, 2), (32, 64, 1)):
        answer, exact = count(inputs, outputs, rank), rank * (inputs + outputs)
        known = {
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
    return right("The test classes had no say. You report 75 %, though 79 % was on the table.")
