"""Two worlds with clusters of tasks: sinusoids of two phases, and intents of several domains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.experiments.task_graph import World
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.types import Split, Task

PAST, VALIDATION, TEST = 24, 40, 80
DRAWS = 5
"""Supports that are drawn of each new intent."""

SPREAD = 0.4
"""Radians on either side of a cluster's centre."""


def sinusoid_tasks(
    count: int, shots: int, queries: int, *, apart: float, split: str, seed: int
) -> tuple[Task, Tensor]:
    """Sinusoids A·sin(x − p) in two clusters of phases, in turns.

    A ∈ U[1, 5]; p ∈ U[−0.4, 0.4] in the first cluster, ``apart`` more in the second;
    x ∈ U[−5, 5].

    Args:
        count: tasks.
        shots: items of a support.
        queries: items of a query.
        apart: radians between the centres; with π one is the negative of the other.
        split: name of the stream.
        seed: of all.

    Returns:
        The tasks, and the cluster of each.
    """
    numbers = torch.rand(count, 2 + shots + queries, generator=generator("task-graph", split, seed))
    cluster = torch.arange(count) % 2
    amplitude = 1 + 4 * numbers[:, :1, None]
    phase = SPREAD * (2 * numbers[:, 1:2, None] - 1) + apart * cluster[:, None, None]
    x = 10 * numbers[:, 2:, None] - 5
    y = amplitude * torch.sin(x - phase)
    if apart == 0:
        cluster = torch.zeros_like(cluster)
    task = Task(Split(x[:, :shots], y[:, :shots]), Split(x[:, shots:], y[:, shots:]))
    return task, cluster


def sinusoid_world(seed: int, *, apart: float = math.pi, shots: int = 6) -> World:
    """24 past sinusoids of 20 points each, and new ones of ``shots`` points."""
    parts = {
        "past": (PAST, 10, 10),
        "validation": (VALIDATION, shots, 50),
        "test": (TEST, shots, 50),
    }
    tasks, clusters = {}, {}
    for name, (count, own, queries) in parts.items():
        tasks[name], clusters[name] = sinusoid_tasks(
            count, own, queries, apart=apart, split=name, seed=seed
        )
    learner = MAML(MLP([1, 40, 40, 1], seed=seed), F.mse_loss, inner_lr=0.01, inner_steps=5)
    return World(learner, tasks["past"], tasks["validation"], tasks["test"], clusters)


DOMAINS = {
    "timer": ("Timer",),
    "light": ("light", "brightness", "LightSet/temperature"),
    "media": ("Media", "SetVolume"),
    "opening": ("cover", "valve"),
    "fan": ("/fan", "FanSetSpeed"),
    "climate": ("Climate",),
    "garden": ("LawnMower", "Vacuum"),
}
"""Domains with three intents or more, and what stands in the names of theirs."""


def domain_of(intent: str) -> int | None:
    """The number of an intent's domain, if it has one."""
    fitting = (i for i, words in enumerate(DOMAINS.values()) if any(w in intent for w in words))
    return next(fitting, None)


def split_intents(classes: Sequence[str], seed: int) -> dict[str, list[int]]:
    """Intents by part: of each domain about half are past, a quarter each validation and test."""
    numbers = generator("task-graph intents", seed)
    parts: dict[str, list[int]] = {"past": [], "validation": [], "test": []}
    order = ("past", "test", "past", "validation")
    for domain in range(len(DOMAINS)):
        own = [i for i, name in enumerate(classes) if domain_of(name) == domain]
        for place, index in enumerate(torch.randperm(len(own), generator=numbers).tolist()):
            parts[order[place % 4]].append(own[index])
    return parts


def intent_world(
    vectors: Tensor, table: LabelledTable, seed: int, *, siblings: float, shots: int = 5
) -> World:
    """Is this sentence of intent i? One task for each intent of a domain.

    Half of the templates of every intent serve past tasks and supports, the others serve queries.
    Other sentences are drawn from past intents and from intents without a domain.

    Args:
        vectors: of the table's rows, frozen, ``[rows, dim]``.
        table: its intents.
        seed: of the split and of all draws.
        siblings: which part of the other sentences is of the same domain, where it has others.
        shots: K, of either answer.
    """
    parts = split_intents(table.classes, seed)
    without = [i for i, name in enumerate(table.classes) if domain_of(name) is None]
    known = [*parts["past"], *without]
    numbers = generator("task-graph sentences", seed)
    rows = {i: _two_sides(table, i, numbers) for i in range(len(table.classes))}
    sizes = {"past": (10, 10), "validation": (shots, 20), "test": (shots, 20)}
    tasks, clusters = {}, {}
    for part, (own, queries) in sizes.items():
        sides = (0, 0) if part == "past" else (0, 1)
        drawn = [
            [
                _rows_of_task(i, known, rows, table.classes, side, count, siblings, numbers)
                for side, count in zip(sides, (own, queries), strict=True)
            ]
            for i in parts[part] * (1 if part == "past" else DRAWS)
        ]
        splits = []
        for side in (0, 1):
            chosen = torch.stack([each[side] for each in drawn])
            y = torch.tensor([1.0, 0.0], device=vectors.device).repeat(chosen.shape[1] // 2)
            splits.append(Split(vectors[chosen], y.expand(len(chosen), -1)[..., None]))
        tasks[part] = Task(*splits)
        domains = torch.tensor([domain_of(table.classes[i]) for i in parts[part]])
        clusters[part] = domains.repeat(len(drawn) // len(domains))
    model = MLP([vectors.shape[1], 1], seed=seed)
    for zero in model.parameters():
        torch.nn.init.zeros_(zero)
    loss = F.binary_cross_entropy_with_logits
    learner = MAML(model, loss, inner_lr=1.0, inner_steps=5)
    return World(learner, tasks["past"], tasks["validation"], tasks["test"], clusters)


def _two_sides(table: LabelledTable, intent: int, numbers: torch.Generator) -> list[list[int]]:
    """The rows of an intent, by halves of its templates."""
    own = [row for row, label in enumerate(table.labels) if label == intent]
    groups = sorted({table.groups[row] for row in own})
    order = torch.randperm(len(groups), generator=numbers).tolist()
    first = {groups[index] for index in order[: (len(groups) + 1) // 2]}
    return [
        [row for row in own if (table.groups[row] in first) == wanted] for wanted in (True, False)
    ]


def _rows_of_task(
    intent: int,
    known: Sequence[int],
    rows: dict[int, list[list[int]]],
    classes: Sequence[str],
    side: int,
    count: int,
    siblings: float,
    numbers: torch.Generator,
) -> Tensor:
    """Rows of the intent and of others, in turns, ``[2·count]``."""
    others = [i for i in known if i != intent]
    near = [i for i in others if domain_of(classes[i]) == domain_of(classes[intent])]
    chosen = []
    for number in range(count):
        wanted = near if near and number < siblings * count else others
        other = wanted[_one_of(len(wanted), numbers)]
        for each in (intent, other):
            own = rows[each][side]
            chosen.append(own[_one_of(len(own), numbers)])
    return torch.tensor(chosen)


def _one_of(count: int, numbers: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=numbers))
