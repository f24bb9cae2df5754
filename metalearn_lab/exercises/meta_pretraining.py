"""Self-checks of chapter 18: the contrastive loss, and one class of a task of hidden words."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Refused, Verdict, judged, self_check
from metalearn_lab.tasks.seeds import generator

ContrastiveLoss = Callable[[Tensor, Tensor, float], Tensor]
"""First views, second views and temperature to the loss."""

HideWord = Callable[[Tensor, int, int], Tensor]
"""Word numbers of sentences, the word and the mask to the sentences of one class."""


@self_check
def check_my_contrastive_loss(answer: ContrastiveLoss) -> Verdict:
    """Check the mean contrastive loss of several sentences, its value and its gradient."""
    return judged(
        "The loss is right, and its gradient moves both views.",
        (_loss_mistake(answer, i, τ) for i, τ in enumerate((1.0, 0.3, 0.05))),
    )


@self_check
def check_hide_word(answer: HideWord) -> Verdict:
    """Check which sentences are kept, and what stands in the place of the word."""
    return judged(
        "No sentence gives its word away, and none is lost.",
        (_hidden_mistake(answer, i) for i in range(4)),
    )


def _loss(first: Tensor, second: Tensor, temperature: float, way: str = "") -> Tensor:
    """The right loss, or one with a likely mistake."""
    if way != "dot":
        first, second = (h / h.norm(dim=1, keepdim=True) for h in (first, second))
    scores = first @ second.T
    scores = scores * temperature if way == "times" else scores / temperature
    if way == "columns":
        scores = scores.T
    own, others = scores.diagonal(), scores
    if way == "without own":
        others = scores.masked_fill(torch.eye(len(scores), dtype=torch.bool), -torch.inf)
    losses = others.logsumexp(1) - own
    if way == "probability":
        losses = -(-losses).exp()
    if way == "sign":
        losses = -losses
    return losses.sum() if way == "sum" else losses.mean()


_LOSS_MISTAKES = {
    "dot": "these are dot products; the cosine divides by both lengths.",
    "times": "the temperature multiplies; divide by it.",
    "columns": "each second view chooses among the first ones; let the first view choose.",
    "without own": "the own second view is missing below the fraction line.",
    "probability": "the logarithm is missing.",
    "sign": "the minus sign is missing.",
    "sum": "the losses of the sentences are added up; take their mean.",
}


def _loss_mistake(answer: ContrastiveLoss, seed: int, temperature: float) -> str | None:
    numbers = generator("contrastive exercise", seed)
    views = torch.randn(2, 5 + seed, 4, generator=numbers, dtype=torch.float64)
    views[1] = 0.3 * views[1] + views[0]
    first, second = (view.clone().requires_grad_() for view in views)
    returned: object = answer(first, second, temperature)
    if not isinstance(returned, Tensor):
        raise Refused("return the tensor, not a plain number: the gradient must go through it.")
    given, exact = tensor(returned, ()), _loss(first, second, temperature)
    likely = {hint: _loss(first, second, temperature, way) for way, hint in _LOSS_MISTAKES.items()}
    other = f"the loss should be {exact.item():.6f}, yours is {given.item():.6f}."
    if wrong := describe_mistake(given, exact, likely, other):
        return wrong
    if not given.requires_grad:
        return "the loss has no graph: a `detach`, `no_grad` or `.item()` cut it off."
    found, expected = (
        torch.cat(
            torch.autograd.grad(loss, (first, second), allow_unused=True, materialize_grads=True)
        )
        for loss in (given, exact)
    )
    hint = "the loss is right but its gradient is not: is one of the views detached?"
    return describe_mistake(found, expected, {}, hint, 1e-5, smallest_scale=1e-3)


def _hidden(ids: Tensor, word: int, mask: int, way: str = "") -> Tensor:
    """The right sentences, or those of a likely mistake."""
    count = (ids == word).sum(1)
    kept = count > 0 if way in ("repeated", "first alone") else count == 1
    if way == "every":
        kept = count >= 0
    rows, hide = ids[kept], ids[kept] == word
    if way == "every":
        hide = hide & (count == 1)[:, None]
    if way == "first alone":
        hide = hide & (hide.cumsum(1) == 1)
    if way == "not hidden":
        return rows
    return rows.masked_fill(hide, 0 if way == "removed" else mask)


_HIDDEN_MISTAKES = {
    "not hidden": "the sentences are the right ones, but the word still stands in them.",
    "removed": "padding (0) stands in the place of the word; put the mask there.",
    "every": "sentences without the word are kept too.",
    "first alone": "a sentence with the word twice is kept: the second one gives it away.",
    "repeated": "a sentence with the word twice is kept; only those with one are asked for.",
}


def _hidden_mistake(answer: HideWord, seed: int) -> str | None:
    numbers = generator("hidden word exercise", seed)
    word, mask, length = 3 + seed, 90 + seed, 5 + seed
    ids = torch.randint(1, 30, (12, length), generator=numbers)
    ids[ids == word] = 40
    ids[7:, -2:] = 0  # shorter sentences
    for row, places in ((1, (0,)), (4, (2,)), (6, (1, 3)), (8, (1,)), (10, (0, 1)), (11, (2,))):
        ids[row, list(places)] = word
    given: object = answer(ids, word, mask)
    asked = f"a tensor of whole numbers, [sentences, {length}], is asked for"
    if not isinstance(given, Tensor) or given.is_floating_point() or given.dtype != ids.dtype:
        kind = given.dtype if isinstance(given, Tensor) else type(given).__name__
        raise Refused(f"{asked}, and yours is {kind}.")
    if given.ndim != 2 or given.shape[1] != length:
        raise Refused(f"{asked}, and yours has shape {list(given.shape)}.")
    exact = _hidden(ids, word, mask)
    if torch.equal(given, exact):
        return None
    for way, hint in _HIDDEN_MISTAKES.items():
        if torch.equal(given, _hidden(ids, word, mask, way)):
            return hint
    if len(given) != len(exact):
        return f"{len(exact)} sentences should be kept, and yours are {len(given)}."
    if torch.equal(given.sort(0).values, exact.sort(0).values):
        return "the sentences are right; keep them in their order."
    return "the number of sentences is right, but what stands in them is not."
