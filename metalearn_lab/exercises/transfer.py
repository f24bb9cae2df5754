"""Self-checks of the chapter on transfer: class means, LoRA's forward, and honest choosing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.exercises.finite import tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, not_yet, right, self_check
from metalearn_lab.tasks.seeds import generator

TOLERANCE = 1e-5
"""Relative; the exercises' texts name it."""

Cosines = Callable[[Tensor, Tensor, Tensor, int], Tensor]
"""Maps support features ``[items, dim]``, their labels, query features ``[queries, dim]`` and the
number of ways to cosines ``[queries, ways]``."""

LoRALayer = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, float], Tensor]
"""Maps x ``[items, in]``, W_0 ``[out, in]``, its bias, A ``[r, in]``, B ``[out, r]`` and
``lora_alpha`` to outputs ``[items, out]``."""

_EPISODES = ((3, 2, 4, 5), (5, 3, 6, 2), (2, 1, 3, 7))
"""Ways, shots, dimensions and queries of the episodes that the check makes."""

_LAYERS = ((4, 6, 2, 5.0), (7, 3, 3, 1.5), (5, 5, 1, 8.0))
"""Inputs, outputs, r and ``lora_alpha`` of the layers that the check makes."""


@self_check
def check_class_means(cosines: Cosines) -> Verdict:
    """Whether a function scores queries by their cosine with each class mean.

    Args:
        cosines: the reader's.
    """
    return judged(
        "No gradient, no rate, no step: the support set is read once.",
        (_cosine_mistake(cosines, *sizes) for sizes in _EPISODES),
    )


def _cosine_mistake(cosines: Cosines, ways: int, shots: int, dim: int, queries: int) -> str | None:
    numbers = generator("class means exercise", ways)
    labels = torch.arange(ways).repeat(shots)[torch.randperm(ways * shots, generator=numbers)]
    support = torch.randn(ways * shots, dim, dtype=torch.float64, generator=numbers)
    support *= torch.rand(ways * shots, 1, dtype=torch.float64, generator=numbers) + 0.5
    query = 2 * torch.randn(queries, dim, dtype=torch.float64, generator=numbers)
    returned = cosines(support, labels, query, ways)
    if isinstance(returned, Tensor) and returned.shape == (queries,):
        return "return the cosines themselves, one for each class; the caller takes the largest."
    if isinstance(returned, Tensor) and returned.shape == (ways, queries) != (queries, ways):
        return "a row for each query and a column for each class: yours is the other way round."
    answer = tensor(returned, (queries, ways))
    members = F.one_hot(labels, ways).double()
    means = members.T @ support / shots
    means_of_units = members.T @ F.normalize(support, dim=1)
    products, units = query @ means.T, F.normalize(query, dim=1)
    in_order = support.reshape(ways, shots, dim).mean(1)
    likely = {
        "these are products: divide by the lengths of the query and of the mean.": products,
        "divide by the length of the query too.": query @ F.normalize(means, dim=1).T,
        "divide by the length of the mean too.": units @ means.T,
        "take the mean of the features as they are, not of vectors of length 1.": units
        @ F.normalize(means_of_units, dim=1).T,
        "the items do not come in the order of their classes: use the labels.": units
        @ F.normalize(in_order, dim=1).T,
        "these are distances: the cosine is asked for.": torch.cdist(query, means),
    }
    way_on = "for each class: the mean of its support features, then its cosine with each query."
    exact = units @ F.normalize(means, dim=1).T
    return describe_mistake(answer, exact, likely, way_on, TOLERANCE, smallest_scale=1e-2)


@self_check
def check_lora(lora: LoRALayer) -> Verdict:
    """Whether a function computes a dense layer with its low-rank correction.

    Args:
        lora: the reader's.
    """
    return judged(
        "With B = 0 it is the frozen layer, and both A and B can be trained.",
        (_lora_mistake(lora, *sizes) for sizes in _LAYERS),
    )


def _lora_mistake(
    lora: LoRALayer, inputs: int, outputs: int, rank: int, lora_alpha: float
) -> str | None:
    numbers = generator("lora exercise", rank)
    shapes = ((6, inputs), (outputs, inputs), (outputs,), (rank, inputs), (outputs, rank))
    x, weight, bias, *low_rank = (
        torch.randn(shape, dtype=torch.float64, generator=numbers) for shape in shapes
    )
    leaves = [each.requires_grad_() for each in low_rank]
    a, b = (each.clone() for each in leaves)  # so that a change in place can be told to the reader
    answer = tensor(lora(x, weight, bias, a, b, lora_alpha), (6, outputs))
    frozen, correction, s = x @ weight.T + bias, x @ a.T @ b.T, lora_alpha / rank
    likely = {
        "those are the outputs of the frozen layer alone: add s B A x.": frozen,
        "the frozen layer is missing: add its outputs.": s * correction,
        "the correction is not scaled: multiply it by s = lora_alpha / r.": frozen + correction,
        "s is lora_alpha / r, not lora_alpha: r is the number of rows of A.": frozen
        + lora_alpha * correction,
        "s is lora_alpha / r, not its inverse.": frozen + correction / s,
        "s scales the correction alone, not the frozen layer.": s * (frozen + correction),
        "the bias of the frozen layer is missing.": x @ weight.T + s * correction,
    }
    way_on = "compare with x W_0ᵀ + bias + s (x Aᵀ) Bᵀ, one product at a time."
    exact = frozen + s * correction
    if hint := describe_mistake(answer, exact, likely, way_on, TOLERANCE, smallest_scale=1e-2):
        return hint
    if answer.requires_grad:
        slopes, right_slopes = (
            torch.autograd.grad(each.square().sum(), leaves, allow_unused=True, retain_graph=True)
            for each in (answer, exact)
        )
        if all(
            slope is not None and torch.allclose(slope, right_slope)
            for slope, right_slope in zip(slopes, right_slopes, strict=True)
        ):
            return None
    return "the numbers are right, but cut off from A or B, which are to be trained: no detach."


_NAMES = ("probe", "LoRA", "last layers", "all layers")


@self_check
def check_choose(choose: Callable[[Mapping[str, float], Mapping[str, float]], str]) -> Verdict:
    """Whether what to adapt is chosen on the validation classes.

    Args:
        choose: of the accuracies on validation and on test classes by name, a name; the reader's.
    """
    for validation, tests in _accuracies():
        best = max(validation.values())
        answers = []
        for test in tests:
            answer = choose(dict(validation), dict(test))
            if not (isinstance(answer, str) and answer in validation):
                return not_yet(f"return one of the names, such as 'probe', not {answer!r}.")
            answers.append(answer)
        if len(set(answers)) > 1:
            return not_yet(
                "the same validation accuracies with other test accuracies changed your choice. "
                "The test classes are for reporting alone: leave `test` unused."
            )
        if answers[0] == min(validation, key=validation.__getitem__):
            return not_yet(
                "that is the smallest accuracy; `max(names, key=...)` takes the largest."
            )
        if validation[answers[0]] != best:
            return not_yet("take the name with the highest accuracy on the validation classes.")
    return right("The test classes had no say, not even where two were level on validation.")


def _accuracies() -> Iterator[tuple[dict[str, float], list[dict[str, float]]]]:
    """Accuracies on validation, far apart, close or level, and several sets on test for each."""
    numbers = generator("choosing exercise")
    for spread in (0.3, 0.01, 1e-9, 0.0):
        for first in range(len(_NAMES)):
            names = [*_NAMES[first:], *_NAMES[:first]]
            places = torch.randperm(len(names), generator=numbers).tolist()
            validation = {
                name: 0.6 + spread * max(place, 1)
                for name, place in zip(names, places, strict=True)
            }
            if not spread:
                validation[names[-1]] = 0.5  # the worst; the others are level
            yield (
                validation,
                [
                    {name: float(other == name) for name in names}
                    for other in (*names, "none of them")
                ],
            )
