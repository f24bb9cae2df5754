"""Every way to run the tasks gives the meta-gradient of the definition."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from metalearn_lab.compiled import CompiledMetaLoss
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

TASKS, ALPHA, STEPS = 7, 0.3, 3

STRATEGIES: dict[str, dict[str, object]] = {
    "all at once": {"mapping": "vmap", "low_rank": False},
    "one by one": {"mapping": "loop"},
    "in chunks": {"mapping": "vmap", "low_rank": False, "chunk_size": 3},
    "replayed": {"mapping": "vmap", "low_rank": False, "replay": True},
    "replayed one by one": {"mapping": "loop", "replay": True},
    "within the support's span": {"mapping": "vmap", "low_rank": True},
    "compiled": {"mapping": "vmap", "low_rank": False},
}


def tasks() -> Task:
    numbers = generator("strategies")
    x = torch.randn(TASKS, 11, 12, generator=numbers, dtype=torch.float64)
    y = torch.randint(0, 3, (TASKS, 11), generator=numbers)
    return Task(Split(x[:, :6], y[:, :6]), Split(x[:, 6:], y[:, 6:]))


def by_definition(kind: type[Learner], model: nn.Module, batch: Task) -> list[Tensor]:
    """The meta-gradient written out with ``torch.autograd`` alone, one task after the other."""
    parameters = dict(model.named_parameters())
    total = [torch.zeros_like(p) for p in parameters.values()]
    for i in range(TASKS):
        theta = parameters
        for _ in range(STEPS):
            scores = functional_call(model, theta, (batch.support.x[i],))
            slopes = torch.autograd.grad(
                F.cross_entropy(scores, batch.support.y[i]),
                list(theta.values()),
                create_graph=kind is MAML,
            )
            theta = {n: w - ALPHA * g for (n, w), g in zip(theta.items(), slopes, strict=True)}
        if kind is Reptile:
            moved = zip(parameters.values(), theta.values(), strict=True)
            found = [(start - end).detach() for start, end in moved]
        else:
            scores = functional_call(model, theta, (batch.query.x[i],))
            loss = F.cross_entropy(scores, batch.query.y[i])
            at = parameters if kind is MAML else theta
            found = list(torch.autograd.grad(loss, list(at.values())))
        total = [sum_ + part / TASKS for sum_, part in zip(total, found, strict=True)]
    return total


PAIRS = [
    (strategy, kind)
    for strategy, settings in STRATEGIES.items()
    for kind in (MAML, FirstOrderMAML, Reptile)
    if kind is MAML or "replay" not in settings  # the others keep no graph to bound
]


@pytest.mark.parametrize(("strategy", "kind"), PAIRS)
def test_the_strategy_does_not_change_the_meta_gradient(strategy: str, kind: type[Learner]) -> None:
    settings = STRATEGIES[strategy]
    model, batch = MLP([12, 6, 3], activation="tanh").double(), tasks()
    learner = kind(model, F.cross_entropy, inner_lr=ALPHA, inner_steps=STEPS, **settings)
    meta_loss: Callable[[Task], Tensor] = learner
    if strategy == "compiled":
        meta_loss = CompiledMetaLoss(learner, batch)
    expected = by_definition(kind, model, batch)
    found = torch.autograd.grad(meta_loss(batch), list(model.parameters()))
    for right, gradient in zip(expected, found, strict=True):
        torch.testing.assert_close(gradient, right, rtol=1e-11, atol=1e-14)
