"""Self-checks of the chapter on transfer: LoRA's forward pass, its size, and honest choosing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check
from metalearn_lab.tasks.seeds import generator

LoRAForward = Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]
"""Maps x ``[items, inputs]``, W_0 ``[outputs, inputs]``, A ``[r, inputs]``, B ``[outputs, r]`` and
s to outputs ``[items, outputs]``."""

_SHAPES = ((3, 4), (5, 4), (2, 4), (5, 2))  # items, outputs, inputs and rank all differ
_SCALE = 3.0


@self_check
def check_lora_forward(forward: LoRAForward) -> Verdict:
    """Whether a function is (W_0 + s B A) x, row by row.

    Args:
        forward: the reader's.
    """
    numbers = generator("lora exercise")
    x, w0, a, b = (torch.randn(shape, dtype=torch.float64, generator=numbers) for shape in _SHAPES)
    answer = forward(x, w0, a, b, _SCALE)
    if answer.shape != (3, 5):
        return not_yet(
            f"three items and five outputs make [3, 5], yours is {list(answer.shape)}. Each row "
            "of x is one item: a layer maps it by x @ W.T."
        )
    low_rank = x @ a.T @ b.T
    mistakes = {
        "the low-rank part is not scaled: multiply it by s.": x @ w0.T + low_rank,
        "the frozen layer is missing: add x @ W_0.T.": _SCALE * low_rank,
        "s scales the low-rank part alone, not the frozen layer.": _SCALE * (x @ w0.T + low_rank),
        "divide by nothing: s is already lora_alpha / r.": x @ w0.T + _SCALE / 2 * low_rank,
        "that is the frozen layer alone: add s (x @ A.T) @ B.T.": x @ w0.T,
    }
    for hint, wrong in mistakes.items():
        if torch.allclose(answer.double(), wrong):
            return not_yet(hint)
    if not torch.allclose(answer.double(), x @ w0.T + _SCALE * low_rank):
        return not_yet("compare with x @ (W_0 + s B A).T, one product at a time.")
    return right(
        "The order A, then B needs r (inputs + outputs) products an item; B A is not made."
    )


@self_check
def check_lora_parameters(count: Callable[[int, int, int], int]) -> Verdict:
    """Whether a function counts what LoRA trains.

    Args:
        count: of inputs, outputs and rank, the reader's.
    """
    for inputs, outputs, rank in ((32, 64, 1), (768, 768, 8), (10, 3, 2)):
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
    return right("Rank 8 on a square layer of 768 trains 12,288 numbers of 589,824: 2 %.")


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
