"""Self-checks of chapter 08: a meta-network's loss, and a head made of class means."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from metalearn_lab.exercises.finite import tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Refused, Verdict, judged, self_check
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split

MetaNetworkLoss = Callable[[nn.Module, nn.Module, nn.Module, Split, Split], Tensor]
"""Base, head, tail, support and query to the query loss."""

ClassHead = Callable[[Tensor, Tensor, int], Tensor]
"""Support features, labels and the number of classes to weights, with the biases behind them."""

_SIZES = ((1, 4, 1), (1, 3, 5, 1), (1, 6, 1))


@self_check
def check_meta_network_loss(answer: MetaNetworkLoss) -> Verdict:
    """Check the loss of generated weights, its value and its gradient in head and tail."""
    return judged(
        "The loss is right, and so is its gradient in the head and in the tail.",
        (_loss_mistake(answer, i, sizes) for i, sizes in enumerate(_SIZES)),
    )


@self_check
def check_class_head(answer: ClassHead) -> Verdict:
    """Check weights and biases that give ProtoNet's probabilities."""
    return judged(
        "Its probabilities are those of the squared distances to the class means.",
        (_head_mistake(answer, i, ways) for i, ways in enumerate((2, 3, 5))),
    )


def _parts(seed: int, sizes: tuple[int, ...]) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Base, head and tail in float64; the base's own weights are not zero."""
    base = MLP(list(sizes), activation="tanh", seed=seed)
    count = sum(weight.numel() for weight in base.parameters())
    head = MLP([2, 7, 3], activation="tanh", seed=seed + 10)
    tail = MLP([3, 5, count], activation="tanh", seed=seed + 20)
    return base.double(), head.double(), tail.double()


def _loss(
    parts: tuple[nn.Module, nn.Module, nn.Module], support: Split, query: Split, way: str = ""
) -> Tensor:
    """The right loss, or one with a likely mistake."""
    base, head, tail = parts
    points = torch.cat([support.x, support.y], -1)
    if way == "query points":
        points = torch.cat([query.x, query.y], -1)
    codes = head(points)
    numbers = tail(codes.sum(0) if way == "sum" else codes.mean(0))
    if way == "tail first":
        numbers = tail(codes).mean(0)
    if way == "first point":
        numbers = tail(codes[0])
    weights, first = {}, 0
    for name, weight in base.named_parameters():
        part = numbers[first : first + weight.numel()].view(weight.shape)
        weights[name] = weight + part if way == "added" else part
        first += weight.numel()
    judged_on = support if way == "support loss" else query
    return F.mse_loss(functional_call(base, weights, (judged_on.x,)), judged_on.y)


_LOSS_MISTAKES = {
    "sum": "the codes are added up; take their mean.",
    "query points": "the head read the query points: it may see the support alone.",
    "tail first": "the tail is applied to each code; pool the codes first.",
    "first point": "only the first support point is read.",
    "support loss": "the loss is on the support points; take it on the query.",
    "added": "the base's own weights are added; here the tail gives all of each weight.",
}


def _loss_mistake(answer: MetaNetworkLoss, seed: int, sizes: tuple[int, ...]) -> str | None:
    batch = Sinusoids(5 + seed, 8, "exercise").batch(seed, 1)
    support, query = (Split(part.x[0].double(), part.y[0].double()) for part in batch)
    parts = _parts(seed, sizes)
    returned: object = answer(*parts, support, query)
    if not isinstance(returned, Tensor):
        raise Refused("return the tensor, not a plain number: the gradient must go through it.")
    given, exact = tensor(returned, ()), _loss(parts, support, query)
    likely = {hint: _loss(parts, support, query, way) for way, hint in _LOSS_MISTAKES.items()}
    other = f"the query loss should be {exact.item():.6f}, yours is {given.item():.6f}."
    return describe_mistake(given, exact, likely, other) or _gradient_mistake(given, exact, parts)


def _gradient_mistake(
    given: Tensor, exact: Tensor, parts: tuple[nn.Module, nn.Module, nn.Module]
) -> str | None:
    if not given.requires_grad:
        return "the loss has no graph: a `detach`, `no_grad` or `.item()` cut it off."
    for name, part in zip(("head", "tail"), parts[1:], strict=True):
        weights = list(part.parameters())
        found, expected = (
            torch.autograd.grad(
                loss, weights, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            for loss in (given, exact)
        )
        hint = f"the loss is right but its gradient in the {name} is not: is something detached?"
        mine, right = (torch.cat([g.flatten() for g in every]) for every in (found, expected))
        if wrong := describe_mistake(mine, right, {}, hint, 1e-5, smallest_scale=1e-3):
            return wrong
    return None


def _head_mistake(answer: ClassHead, seed: int, ways: int) -> str | None:
    numbers = generator("class head", seed)
    size = 2 + seed
    labels = torch.cat([torch.arange(ways), torch.randint(ways, (4,), generator=numbers)])
    labels = labels[torch.randperm(len(labels), generator=numbers)]
    x = torch.randn(len(labels), size, generator=numbers, dtype=torch.float64)
    query = torch.randn(6, size, generator=numbers, dtype=torch.float64)
    head = tensor(answer(x, labels, ways), (ways, size + 1))
    means = torch.stack([x[labels == c].mean(0) for c in range(ways)])
    squares = (means**2).sum(1)

    def probabilities(w: Tensor, b: Tensor) -> Tensor:
        return (query @ w.T + b).softmax(1)

    sums = torch.stack([x[labels == c].sum(0) for c in range(ways)])
    likely = {
        "the factor 2 of the weights is missing.": probabilities(means, -squares),
        "the biases lack their minus sign.": probabilities(2 * means, squares),
        "the biases are missing.": probabilities(2 * means, 0 * squares),
        "the biases hold lengths; take their squares.": probabilities(2 * means, -squares.sqrt()),
        "each class is the sum of its points; take their mean.": probabilities(
            2 * sums, -(sums**2).sum(1)
        ),
    }
    other = "the probabilities differ from those of −‖x − p_c‖². Expand this square."
    return describe_mistake(
        probabilities(head[:, :-1], head[:, -1]), probabilities(2 * means, -squares), likely, other
    )
