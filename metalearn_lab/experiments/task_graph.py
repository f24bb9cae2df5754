"""A graph of tasks: past tasks trained apart, their distances to new ones, edges, warm starts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from typing import NamedTuple

import networkx as nx
import torch
from torch import Tensor
from torch.func import vmap

from metalearn_lab.experiments.task_similarity import (
    adapted_losses,
    cosine_distance,
    diagonal_fishers,
    euclidean_distance,
    prototypes,
    support_gradients,
    task2vec_distance,
)
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.one_thread import one_thread
from metalearn_lab.running.per_task import Weights
from metalearn_lab.tasks.types import Split, Task, merge_splits, to_device

MEASURES = ("gradients", "Fisher", "prototypes", "adapted loss")


class World(NamedTuple):
    """Past tasks with plenty of data, new tasks with little, and which cluster each is of.

    Attributes:
        learner: model, loss and inner step; its weights are the start of every training.
        past: support and query are halves of what is known of each past task.
        validation: new tasks on which settings are chosen.
        test: new tasks for the judgement.
        clusters: of past, validation and test tasks, in numbers, by these names.
    """

    learner: GradientLearner
    past: Task
    validation: Task
    test: Task
    clusters: Mapping[str, Tensor]


def same_start(weights: Weights, count: int) -> Weights:
    """One start for several tasks, every tensor ``[tasks, *weight.shape]``; a view."""
    return {name: w.detach().expand(count, *w.shape) for name, w in weights.items()}


@one_thread()
def trained_apart(
    learner: GradientLearner,
    tasks: Split,
    *,
    steps: int,
    lr: float,
    starts: Weights | None = None,
) -> Weights:
    """Weights of each task, trained by Adam on its own items.

    Args:
        learner: gives the loss; it is not changed.
        tasks: ``[tasks, items, ...]``.
        steps: of Adam, each on all items.
        lr: of Adam.
        starts: of each task; the learner's weights if None.

    Returns:
        Every tensor ``[tasks, *weight.shape]``.
    """
    if starts is None:
        starts = same_start(learner.weights(), len(tasks.x))
    weights = {name: w.detach().clone().requires_grad_() for name, w in starts.items()}
    optimizer = torch.optim.Adam(weights.values(), lr)
    for _ in range(steps):
        optimizer.zero_grad()
        vmap(learner.loss_at)(weights, tasks).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return {name: weight.detach() for name, weight in weights.items()}


def halves(support: Split) -> Task:
    """A batch of tasks made of a support alone: one half is adapted on, the other judged."""
    parts = [Split(support.x[:, i::2], support.y[:, i::2]) for i in (0, 1)]
    return Task(*parts)


def neighbours(distances: Tensor, threshold: float) -> Tensor:
    """Which past tasks a new task has an edge to: all within the threshold, and the nearest.

    Args:
        distances: of new tasks from past ones, ``[new, past]``.
        threshold: the largest distance with an edge.

    Returns:
        Truth values ``[new, past]``.
    """
    nearest = distances.min(1, keepdim=True).values
    return (distances <= threshold) | (distances == nearest)


def warm_start(start: Weights, known: Weights, chosen: Tensor) -> Weights:
    """Mean weights of the neighbours of each new task; the start itself where it has none.

    Args:
        start: θ.
        known: of the past tasks, every tensor ``[past, ...]``.
        chosen: its neighbours, ``[new, past]``.

    Returns:
        Every tensor ``[new, ...]``.
    """
    shares = chosen.float() / chosen.sum(1, keepdim=True).clamp(min=1)
    alone = (~chosen.bool().any(1)).float()
    return {
        name: torch.einsum("np,p...->n...", shares, weight)
        + torch.einsum("n,...->n...", alone, start[name].detach())
        for name, weight in known.items()
    }


class KnownTasks:
    """Past tasks with their trained weights, and the distances of other tasks from them.

    Args:
        learner: gives the start, loss and inner step.
        past: their data.
        steps: of each one's training.
        lr: of Adam in it.
        inner_steps: k of the adapted loss.
        weights: of the past tasks, where they are trained already.
    """

    def __init__(
        self,
        learner: GradientLearner,
        past: Task,
        *,
        steps: int = 300,
        lr: float = 0.01,
        inner_steps: int = 5,
        weights: Weights | None = None,
    ) -> None:
        self.learner, self.past, self.inner_steps = learner, past, inner_steps
        self.all = merge_splits(past).support
        if weights is None:
            weights = trained_apart(learner, self.all, steps=steps, lr=lr)
        self.weights = weights

    def vectors(self, measure: str, items: Split) -> Tensor:
        """What a measure but the adapted loss compares, of each task, ``[tasks, numbers]``."""
        if measure == "gradients":
            return support_gradients(self.learner, self.start, items)
        if measure == "prototypes":
            return prototypes(self.features(items.x), items.y)
        return diagonal_fishers(self.learner, self.probed(items), items.x)

    @cached_property
    def start(self) -> Weights:
        """θ, from which all were trained."""
        return {name: weight.detach() for name, weight in self.learner.weights().items()}

    def features(self, x: Tensor) -> Tensor:
        """What the start's body makes of inputs; the inputs themselves if it has no layer."""
        with torch.no_grad():
            return self.learner.model.get_submodule("body")(x)  # type: ignore[no-any-return]

    def probed(self, items: Split) -> Weights:
        """The start of each task, but with a head that fits it: ridge regression, λ = 0.1.

        As Task2Vec does it; but its Fisher information leaves the head out, which is kept here.
        """
        features = self.features(items.x)
        features = torch.cat([features, torch.ones_like(features[..., :1])], -1)
        strength = torch.tensor(0.1).to(features)
        heads = vmap(ridge, in_dims=(0, 0, None))(features, items.y, strength)
        probe = same_start(self.start, len(items.x))
        return {**probe, "head.weight": heads[:, :-1].mT, "head.bias": heads[:, -1]}

    def on_cpu(self) -> KnownTasks:
        """The same on the CPU, with a learner of its own."""
        return KnownTasks(
            deepcopy(self.learner).cpu(),
            to_device(self.past, "cpu"),
            inner_steps=self.inner_steps,
            weights={name: weight.cpu() for name, weight in self.weights.items()},
        )

    def distances(self, measure: str, items: Split) -> Tensor:
        """Of tasks from the past ones, ``[tasks, past]``.

        Args:
            measure: one of ``MEASURES``. The adapted loss is the mean of two: each half of the
                items is adapted on once and judged on once.
            items: the labelled items of each task, a support.
        """
        if measure == "adapted loss":
            task = halves(items)
            both = (task, Task(task.query, task.support))
            losses = [
                adapted_losses(self.learner, self.weights, each, self.inner_steps) for each in both
            ]
            return (losses[0] + losses[1]) / 2
        own, known = self.vectors(measure, items), self.vectors(measure, self.all)
        distance = {
            "gradients": cosine_distance,
            "Fisher": task2vec_distance,
            "prototypes": euclidean_distance,
        }[measure]
        return distance(own[:, None], known)


def pair_auc(distances: Tensor, rows: Tensor, columns: Tensor) -> float:
    """How often a pair of one cluster is nearer than a pair of two; equal counts half.

    Args:
        distances: ``[rows, columns]``; a pair of a task with itself is infinite or left out as NaN.
        rows: cluster of each, on the CPU.
        columns: the same, on the CPU.

    Returns:
        Between 0 and 1; NaN where all pairs are of one kind.
    """
    from scipy.stats import rankdata

    distances = distances.cpu()
    same, counted = rows[:, None] == columns, ~distances.isnan()
    ranks = torch.tensor(rankdata(distances[counted].numpy()))
    inside = same[counted]
    count, others = int(inside.sum()), int((~inside).sum())
    if count == 0 or others == 0:
        return math.nan
    below = ranks[inside].sum().item() - count * (count + 1) / 2
    return 1 - below / (count * others)


def graph_of(distances: Tensor, threshold: float, names: Sequence[str | int]) -> nx.Graph:
    """Tasks as nodes; an edge where the mean of both distances is at most the threshold.

    Args:
        distances: ``[tasks, tasks]``, of the row's task from the column's.
        threshold: the largest distance with an edge.
        names: of the tasks.
    """
    graph = nx.Graph()
    graph.add_nodes_from(names)
    mean = ((distances + distances.T) / 2).tolist()
    for i, first in enumerate(names):
        for j in range(i):
            if mean[i][j] <= threshold:
                graph.add_edge(first, names[j], distance=mean[i][j])
    return graph
