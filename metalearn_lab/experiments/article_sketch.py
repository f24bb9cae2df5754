"""A meta-network as an article sketches it: a task is known by its number alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.models.mlp import MLP, initialise
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Task

_UNITS, _CODE = 40, 16


class MetaHead(nn.Module):
    """Mixes features with a vector that is looked up by the number of the task.

    Args:
        tasks: how many there are.
        seed: of the initial weights.
    """

    def __init__(self, tasks: int, seed: int) -> None:
        super().__init__()
        self.codes = nn.Parameter(torch.empty(tasks, _CODE))
        with torch.no_grad():
            self.codes.normal_(generator=generator("task codes", seed))
        self.mix = nn.Linear(_UNITS + _CODE, _UNITS)
        initialise(self.mix, "meta head", seed)

    def forward(self, x: Tensor, task_id: Tensor) -> Tensor:
        """Features ``[tasks, items, 40]`` and numbers ``[tasks]`` to features."""
        codes = self.codes[task_id][:, None].expand(*x.shape[:2], -1)
        mixed: Tensor = self.mix(torch.cat([x, codes], -1))
        return mixed.relu()


class ArticleSketch(nn.Module):
    """``forward`` of the article, as it stands: base, head and tail one after the other.

    Args:
        tasks: how many there are.
        seed: of the initial weights.
    """

    def __init__(self, tasks: int, seed: int) -> None:
        super().__init__()
        self.base_model = MLP([1, _UNITS, _UNITS], seed=seed)
        self.meta_head = MetaHead(tasks, seed)
        self.meta_tail = MLP([_UNITS, 1], seed=seed)

    def forward(self, x: Tensor, task_id: Tensor) -> Tensor:
        """Inputs ``[tasks, items, 1]`` and numbers ``[tasks]`` to outputs."""
        x = self.base_model(x)
        x = self.meta_head(x, task_id)
        return self.meta_tail(x)  # type: ignore[no-any-return]


class TrainedSketch:
    """A trained sketch, asked for its errors.

    Args:
        network: trained.
        true_ids: whether it was given the true numbers.
        numbers: of random task numbers.
    """

    def __init__(self, network: ArticleSketch, true_ids: bool, numbers: torch.Generator) -> None:
        self.network, self.true_ids, self.numbers = network, true_ids, numbers

    @torch.no_grad()
    def error(self, tasks: Task, *, known: bool = True) -> Tensor:
        """The mean squared error on the query points; a task without a number gets a random one.

        Args:
            tasks: the training tasks in their order, or others.
            known: whether they are the training tasks.
        """
        count, device = len(tasks.query.x), tasks.query.x.device
        ids = torch.arange(count)
        if not (known and self.true_ids):
            ids = random_ids(self.network, count, self.numbers)
        return F.mse_loss(self.network(tasks.query.x, ids.to(device)), tasks.query.y)


def random_ids(network: ArticleSketch, count: int, numbers: torch.Generator) -> Tensor:
    """Random task numbers ``[count]``, on the CPU."""
    return torch.randint(len(network.meta_head.codes), (count,), generator=numbers)


def train_sketch(
    tasks: Task, iterations: int, *, true_ids: bool, seed: int, batch: int = 25, lr: float = 0.003
) -> TrainedSketch:
    """Train on the support points of some tasks, by Adam.

    Args:
        tasks: at least ``batch``.
        iterations: steps.
        true_ids: give each task its own number, in place of a random one.
        seed: of the weights and the random numbers.
        batch: tasks in a step.
        lr: the step size of Adam.
    """
    count, device = len(tasks.support.x), tasks.support.x.device
    network = ArticleSketch(count, seed).to(device)
    numbers = generator("task numbers", seed)
    optimizer = torch.optim.Adam(network.parameters(), lr)
    for i in range(iterations):
        rows = torch.arange(batch * i, batch * (i + 1)) % count
        ids = rows if true_ids else random_ids(network, batch, numbers)
        x, y = (part[rows.to(device)] for part in tasks.support)
        loss = F.mse_loss(network(x, ids.to(device)), y)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return TrainedSketch(network, true_ids, numbers)
