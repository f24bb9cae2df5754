"""Self-checks of chapter 15: a layer of linear attention, and the answer of a pool of slopes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.exercises.drawn_settings import drawn_settings
from metalearn_lab.exercises.finite import tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.tasks.seeds import generator

AttentionLayer = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Tokens, A and V to the tokens after the layer."""

PoolAnswer = Callable[[Tensor, Tensor, Tensor, float], Tensor]
"""Slopes, x, y and σ to the posterior mean of the slope."""


@self_check
def check_attention_layer(answer: AttentionLayer) -> Verdict:
    """Check the tokens after a layer of linear attention, for three sizes."""
    return judged(
        "With the right A and V, your layer is a gradient step.",
        (_layer_mistake(answer, *sizes) for sizes in ((4, 2), (6, 3), (3, 5))),
    )


@self_check
def check_pool_answer(answer: PoolAnswer) -> Verdict:
    """Check the posterior mean over a pool of slopes, for several pools and kinds of noise."""
    settings = drawn_settings("pool answer", 4, (0.5, 2.0))
    return judged(
        "No rule has a smaller expected error on tasks of the pool.",
        (_pool_mistake(answer, i, noise) for i, (noise,) in enumerate(settings)),
    )


def _layer(tokens: Tensor, key_query: Tensor, value: Tensor, way: str = "") -> Tensor:
    """The right tokens, or those of a likely mistake."""
    known = tokens if way == "question too" else tokens[:-1]
    matrix = key_query.T if way == "transposed" else key_query
    scores = tokens @ (known @ matrix).T
    if way == "softmax":
        scores = scores.softmax(-1)
    values = known @ (value if way == "value transposed" else value.T)
    mixed = scores @ values
    if way not in ("softmax", "sum"):
        mixed = mixed / len(known)
    return mixed if way == "not added" else tokens + mixed


_LAYER_MISTAKES = {
    "question too": "the last token is looked at too; sum over the known tokens alone.",
    "sum": "the terms are added up; take their mean.",
    "transposed": "the scores take A the wrong way round: e_i stands left of A, e_j right of it.",
    "softmax": "there is a softmax; this attention has none.",
    "value transposed": "V is transposed: token i adds V e_i.",
    "not added": "what attention gives is added to the token; the token itself is missing.",
}


def _layer_mistake(answer: AttentionLayer, known: int, dim: int) -> str | None:
    numbers = generator("attention layer", known, dim)
    sizes = ((known + 1, dim + 1), (dim + 1, dim + 1), (dim + 1, dim + 1))
    tokens, key_query, value = (
        torch.randn(size, generator=numbers, dtype=torch.float64) for size in sizes
    )
    given = tensor(answer(tokens, key_query, value), tokens.shape)
    likely = {h: _layer(tokens, key_query, value, way) for way, h in _LAYER_MISTAKES.items()}
    other = "the tokens differ. Compute one pair (i, j) by hand from the formula."
    return describe_mistake(given, _layer(tokens, key_query, value), likely, other)


def _posterior(slopes: Tensor, x: Tensor, y: Tensor, noise: float, way: str = "") -> Tensor:
    """The right mean, or that of a likely mistake."""
    squares = (y - slopes[:, None] * x) ** 2
    misfit = squares.mean(1) if way == "mean" else squares.sum(1)
    if way == "nearest":
        return slopes[misfit.argmin()]
    scale = {"no two": noise**2, "no square": 2 * noise, "no noise": 2.0}.get(way, 2 * noise**2)
    return (-misfit / scale).softmax(0) @ slopes


_POOL_MISTAKES = {
    "mean": "the squares are averaged; each point counts, so add them up.",
    "nearest": "only the best slope is taken; weigh all of them.",
    "no two": "the 2 of 2σ² is missing.",
    "no square": "σ is not squared.",
    "no noise": "the noise is not used.",
}


def _pool_mistake(answer: PoolAnswer, i: int, noise: float) -> str | None:
    numbers = generator("pool answer", i)
    slopes = torch.randn(2 + 2 * i, generator=numbers, dtype=torch.float64)
    x, y = torch.randn(2, 1 + i, generator=numbers, dtype=torch.float64)
    given = tensor(answer(slopes, x, y, noise), ())
    likely = {h: _posterior(slopes, x, y, noise, way) for way, h in _POOL_MISTAKES.items()}
    likely["all slopes weigh the same; a slope that fits the points must weigh more."] = (
        slopes.mean()
    )
    exact = _posterior(slopes, x, y, noise)
    other = f"the mean should be {exact.item():.6f}, yours is {given.item():.6f}."
    return describe_mistake(given, exact, likely, other)
