"""Opinions on topics that training never saw: readers that adapt to a topic, and one that does not.

All read frozen sentence vectors. A setting is the best of a list on validation topics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.tasks.opinions import OPINIONS, Opinion, TopicTasks
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train

SAVED_OPINIONS = Path(__file__).parent / "opinions.csv"
CLASSES = len(OPINIONS)
PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
RATES = (1e-3, 3e-3)
"""β of ProtoNet."""
INNER_RATES = (0.1, 0.5)
"""α of MAML."""
STEPS = 3
"""Inner steps k of MAML."""
EPISODES = 60

Reader = Callable[[Split, Tensor], Tensor]
"""From supports ``[tasks, items, dim]`` and queries to scores ``[tasks, queries, 3]``."""


class Topics(NamedTuple):
    """Names of topics; no part shares one with another."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def split_topics(rows: Sequence[Opinion], seed: int) -> Topics:
    """Half of the topics to train on, a quarter to choose by, the rest to report on."""
    names = sorted({row.topic for row in rows})
    dealt = [names[i] for i in torch.randperm(len(names), generator=generator("topics", seed))]
    half, quarters = len(names) // 2, 3 * len(names) // 4
    return Topics(*map(tuple, (dealt[:half], dealt[half:quarters], dealt[quarters:])))


class Newsroom:
    """Rows of opinions, their vectors, a split of the topics, and readers trained on it.

    Args:
        rows: labelled sentences.
        vectors: theirs, of length 1, ``[rows, dim]``.
        shots: K.
        queries: Q, of each opinion.
        iterations: outer steps of a training.
        seed: of the split, the trainings and the tasks.
    """

    def __init__(
        self,
        rows: Sequence[Opinion],
        vectors: Tensor,
        *,
        shots: int,
        queries: int = 8,
        iterations: int = 200,
        seed: int = 0,
    ) -> None:
        self.rows, self.vectors, self.seed = rows, vectors, seed
        self.shots, self.queries, self.iterations = shots, queries, iterations
        self.topics = split_topics(rows, seed)
        self.validation = self.tasks("validation").batch(0, EPISODES)
        self.test = self.tasks("test").batch(0, EPISODES)

    def tasks(self, part: str) -> TopicTasks:
        """Tasks of a part of the topics."""
        counts = {"shots": self.shots, "queries": self.queries, "seed": self.seed}
        return TopicTasks(self.rows, self.vectors, getattr(self.topics, part), **counts)

    def readers(self) -> dict[str, Reader]:
        """Every reader by name, its setting chosen on validation topics."""
        pooled = self.pooled()
        none = torch.zeros_like(pooled)
        maml = max((self.maml(rate) for rate in INNER_RATES), key=self._validated)
        return {
            "pooled, not adapted": lambda _, x: with_one(x) @ pooled,
            "class means": lambda s, x: class_mean_cosines(s.x, s.y, x, CLASSES),
            "ridge": self.best([partial(ridge_reader, none, p) for p in PENALTIES]),
            "ridge towards pooled": self.best(
                [partial(ridge_reader, pooled, p) for p in PENALTIES]
            ),
            "ProtoNet": self.best([self.proto_net(rate) for rate in RATES]),
            "MAML, before adaptation": partial(learned_reader, maml, 0),
            "MAML": partial(learned_reader, maml, STEPS),
        }

    def best(self, readers: Sequence[Reader]) -> Reader:
        """The reader with the highest accuracy on validation topics."""
        return max(readers, key=lambda reader: accuracy(reader, self.validation))

    def _validated(self, maml: Learner) -> float:
        return accuracy(partial(learned_reader, maml, STEPS), self.validation)

    def pooled(self) -> Tensor:
        """Ridge regression (λ = 1) on all sentences of the training topics, ``[dim + 1, 3]``."""
        mine = torch.tensor([row.topic in self.topics.train for row in self.rows])
        x = with_one(self.vectors[mine.to(self.vectors.device)])
        y = torch.tensor([row.label for row in self.rows])[mine].to(x.device)
        inside = x.T @ x + torch.eye(x.shape[1]).to(x)
        weights: Tensor = torch.linalg.solve(inside, x.T @ F.one_hot(y, CLASSES).to(x))
        return weights

    def proto_net(self, outer_lr: float) -> Reader:
        """A ProtoNet with a projection of the vectors."""
        learner = ProtoNet(self._network().body, F.cross_entropy, ways=CLASSES)
        return partial(learned_reader, self._trained(learner, outer_lr), 0)

    def maml(self, inner_lr: float) -> Learner:
        """MAML on a projection and a head; opinions mean the same in every task."""
        learner = MAML(self._network(), F.cross_entropy, inner_lr=inner_lr, inner_steps=STEPS)
        return self._trained(learner, 1e-3)

    def _network(self) -> FeatureClassifier:
        return FeatureClassifier(self.vectors.shape[1], CLASSES).to(self.vectors.device)

    def _trained(self, learner: Learner, outer_lr: float) -> Learner:
        source = self.tasks("train")
        meta_train(
            learner,
            lambda i: source.batch(4 * i, 4),
            iterations=self.iterations,
            optimizer=torch.optim.Adam(learner.parameters(), lr=outer_lr),
            progress=False,
        )
        return learner


def ridge_reader(prior: Tensor, penalty: float, support: Split, x: Tensor) -> Tensor:
    """Scores of W = argmin ‖XW − Y‖² + λ‖W − W₀‖², by its dual.

    Args:
        prior: W₀, ``[dim + 1, classes]``; the last row is the bias.
        penalty: λ.
        support: of each task.
        x: queries.
    """
    inputs = with_one(support.x)
    left = F.one_hot(support.y, prior.shape[1]).to(inputs) - inputs @ prior
    inside = inputs @ inputs.mT + penalty * torch.eye(inputs.shape[1]).to(inputs)
    weights: Tensor = prior + inputs.mT @ torch.linalg.solve(inside, left)
    return with_one(x) @ weights


@torch.no_grad()
def learned_reader(learner: Learner, steps: int, support: Split, x: Tensor) -> Tensor:
    """Scores of a learner after its inner steps."""
    adapted = learner.adapt(support, steps)[-1]
    return learner.predict(adapted, x)


def with_one(x: Tensor) -> Tensor:
    """Vectors with a 1 behind them, for the bias."""
    return torch.cat([x, torch.ones_like(x[..., :1])], -1)


def accuracy(reader: Reader, tasks: Task) -> float:
    """Share of queries that are read as their own opinion."""
    return (reader(tasks.support, tasks.query.x).argmax(2) == tasks.query.y).float().mean().item()
