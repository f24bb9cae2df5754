"""Pretraining and fine-tuning in turns, or one after the other: what is learned and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.models.text_encoder import TextClassifier
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.text_features import hashed_ngrams


class Labelled(NamedTuple):
    """One of the two things to learn: n-gram ids ``[texts, length]`` and classes ``[texts]``.

    Attributes:
        x: to train on.
        y: their classes.
        unseen_x: to be judged on.
        unseen_y: their classes.
    """

    x: Tensor
    y: Tensor
    unseen_x: Tensor
    unseen_y: Tensor


def labelled(
    table: LabelledTable,
    seed: int,
    *,
    most: int | None = None,
    unseen: int = 1000,
    device: torch.device | str = "cpu",
) -> Labelled:
    """Texts of a table as n-grams: some drawn to be judged on, the others to train on.

    Args:
        table: of texts.
        seed: of the draw.
        most: texts to train on; None for all.
        unseen: texts to be judged on.
        device: where the tensors are.
    """
    drawn = torch.randperm(len(table), generator=generator("schedule rows", seed))
    x, y = hashed_ngrams(table.texts), torch.tensor(table.labels)
    parts = (drawn[unseen:][:most], drawn[:unseen])
    return Labelled(*(t[rows].to(device) for rows in parts for t in (x, y)))


class Curves(NamedTuple):
    """How well both are known as training goes on; 0 is pretraining, 1 is fine-tuning.

    Attributes:
        steps: how many were taken, ``[points]``.
        accuracy: on unseen texts, ``[points, 2]``.
    """

    steps: list[int]
    accuracy: Tensor


def in_turns(total: int, block: int) -> list[int]:
    """Which is trained at every step: ``block`` steps of 0, as many of 1, and again.

    With ``block`` half of the total they come one after the other.

    Args:
        total: steps.
        block: of one turn; two blocks divide the total.

    Raises:
        ValueError: they do not.
    """
    if block < 1 or total % (2 * block):
        raise ValueError(f"two blocks must divide {total} steps, got a block of {block}")
    return [step // block % 2 for step in range(total)]


def bowl_path(turns: Sequence[int], centres: Tensor, inner_lr: float) -> Tensor:
    """Gradient descent on two round bowls ½‖θ − c_i‖², from the origin, ``[steps + 1, 2]``.

    Args:
        turns: which bowl at every step.
        centres: c, ``[2, 2]``.
        inner_lr: α.
    """
    path = [torch.zeros_like(centres[0])]
    for turn in turns:
        path.append(path[-1] + inner_lr * (centres[turn] - path[-1]))
    return torch.stack(path)


@one_thread()
def train_by_schedule(
    turns: Sequence[int],
    data: Sequence[Labelled],
    *,
    lr: float = 0.005,
    every: int = 10,
    seed: int = 0,
) -> Curves:
    """One body and a head for each, by Adam on 128 texts a step.

    Args:
        turns: which is trained at every step.
        data: of pretraining and of fine-tuning.
        lr: of Adam.
        every: steps between two points of the curves.
        seed: of weights and order.
    """
    numbers, where = generator("schedule", seed), data[0].x.device
    buckets = 1 + max(int(part.max()) for each in data for part in (each.x, each.unseen_x))
    body = TextClassifier(buckets, 2, seed=seed).body
    width: int = body[1].out_features  # type: ignore[assignment]
    heads = [nn.Linear(width, 1 + int(each.y.max())) for each in data]
    for head in heads:
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
    models = [nn.Sequential(body, head).to(where) for head in heads]
    parameters = [*body.parameters(), *(p for head in heads for p in head.parameters())]
    optimizer = torch.optim.Adam(parameters, lr)
    steps, points = [0], [_accuracies(models, data)]
    for step, turn in enumerate(turns, 1):
        x, y, *_ = data[turn]
        chosen = torch.randint(len(y), (128,), generator=numbers)
        optimizer.zero_grad()
        F.cross_entropy(models[turn](x[chosen]), y[chosen]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if step % every == 0:
            steps.append(step)
            points.append(_accuracies(models, data))
    return Curves(steps, torch.tensor(points))


@torch.no_grad()
def _accuracies(models: Sequence[nn.Module], data: Sequence[Labelled]) -> list[float]:
    return [
        (model(each.unseen_x).argmax(-1) == each.unseen_y).float().mean().item()
        for model, each in zip(models, data, strict=True)
    ]
