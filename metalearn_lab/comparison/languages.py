"""Readers of names in a language that training never saw, and what each of them has learned.

A setting is the best of a list on validation languages, whose names are those of other concepts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.comparison.opinions import learned_reader, with_one
from metalearn_lab.comparison.readers import (
    INNER_LR,
    INNER_STEPS,
    Kind,
    Reader,
    best_reader,
    means_reader,
    ridge_readers,
    right_answers,
    stepping_reader,
    trained,
)
from metalearn_lab.comparison.untrained import whitening
from metalearn_lab.comparison.world import World
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.class_splits import ClassSplit
from metalearn_lab.tasks.language_names import LanguageSplit, LanguageTasks, Name
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.types import Split

SAVED_LANGUAGES = Path(__file__).parent / "languages.csv"
"""What ``benchmarks/languages.py`` gave."""

POOLED, MEANS, RIDGE = "pooled, not adapted", "class means", "ridge"
TOWARDS, WHITENED = "ridge towards pooled", "whitened class means"
PROTO, FIRST_ORDER, REPTILE = "ProtoNet", "first-order MAML", "Reptile"
METHODS = (POOLED, MEANS, RIDGE, TOWARDS, WHITENED, PROTO, FIRST_ORDER, REPTILE)
META_LEARNERS = (PROTO, FIRST_ORDER, REPTILE)

SHRINKAGES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
PROTO_RATES, STEPPING_RATES = (3e-4, 1e-3, 3e-3), (1e-3, 3e-3, 1e-2)
"""β of Adam, of which a training takes one."""

HIDDEN = 64
"""Units of the network that takes inner steps."""


class LanguageLab:
    """A split of the languages, and readers trained on one part of it.

    Args:
        names: in all languages.
        vectors: theirs, of length 1, ``[names, dim]``.
        split: of the languages and the concepts.
        shots: K.
        queries: Q, of each kind.
        iterations: outer steps of a training.
        seed: of the trainings and the tasks.
        rounds: tasks of each language that settings are chosen by, and that are reported on.
    """

    def __init__(
        self,
        names: Sequence[Name],
        vectors: Tensor,
        split: LanguageSplit,
        *,
        shots: int,
        queries: int = 8,
        iterations: int = 200,
        seed: int = 0,
        rounds: int = 10,
    ) -> None:
        self.names, self.vectors, self.split, self.seed = names, vectors, split, seed
        self.shots, self.queries, self.iterations = shots, queries, iterations
        self.kinds = 1 + max(name.kind for name in names)
        self.validation, self.test = (
            self.tasks(part).batch(0, rounds * len(getattr(split, part)))
            for part in ("validation", "test")
        )
        self.pooled = self._pooled()

    def tasks(self, part: str) -> LanguageTasks:
        """Tasks of a part of the languages, with names of that part of the concepts."""
        concepts = (concept for concept, own in self.split.concepts.items() if own == part)
        languages = getattr(self.split, part)
        counts = {"shots": self.shots, "queries": self.queries, "seed": self.seed}
        return LanguageTasks(self.names, self.vectors, languages, concepts, **counts)

    def readers(self, methods: Sequence[str] = METHODS) -> dict[str, Reader]:
        """Some readers by name, the setting of each chosen on validation languages."""
        choose = partial(best_reader, validation=self.validation)
        makers: Mapping[str, Callable[[], Reader]] = {
            POOLED: lambda: lambda _, x: with_one(x) @ self.pooled,
            MEANS: lambda: means_reader,
            RIDGE: lambda: choose(ridge_readers(torch.zeros_like(self.pooled))),
            TOWARDS: lambda: choose(ridge_readers(self.pooled)),
            WHITENED: lambda: choose([self._whitened(s) for s in SHRINKAGES]),
            PROTO: lambda: choose([self._proto_net(rate) for rate in PROTO_RATES]),
            FIRST_ORDER: lambda: self._stepping(FirstOrderMAML),
            REPTILE: lambda: self._stepping(Reptile),
        }
        return {name: makers[name]() for name in methods}

    def of_each_language(self, reader: Reader) -> dict[str, float]:
        """A reader's accuracy on every test language."""
        languages = self.split.test
        means = right_answers(reader, self.test).view(-1, len(languages)).mean(0).tolist()
        return dict(zip(languages, means, strict=True))

    def _trained_on(self) -> list[int]:
        split = self.split
        return [
            row
            for row, name in enumerate(self.names)
            if name.language in split.train and split.concepts[name.concept] == "train"
        ]

    def _pooled(self) -> Tensor:
        """Ridge regression on all names of the training languages, ``[dim + 1, kinds]``."""
        rows = self._trained_on()
        x = with_one(self.vectors[torch.tensor(rows).to(self.vectors.device)])
        kinds = torch.tensor([self.names[row].kind for row in rows]).to(x.device)
        y = F.one_hot(kinds, self.kinds).to(x)
        y = y / y.sum(0) * len(y) / self.kinds  # each kind counts alike, as in a task
        inside = x.T @ x + torch.eye(x.shape[1]).to(x)
        weights: Tensor = torch.linalg.solve(inside, x.T @ y)
        return weights

    def _whitened(self, shrinkage: float) -> Reader:
        rows = torch.tensor(self._trained_on())
        kinds = torch.tensor([self.names[row].kind for row in rows])
        classes = [self.vectors[rows[kinds == kind]].double() for kind in range(self.kinds)]
        white = whitening(classes, shrinkage)
        return lambda support, x: means_reader(Split(white(support.x), support.y), white(x))

    def _proto_net(self, outer_lr: float) -> Reader:
        body = FeatureClassifier(self.vectors.shape[1], self.kinds).to(self.vectors.device).body
        learner = ProtoNet(body, F.cross_entropy, ways=self.kinds)
        return partial(learned_reader, self._trained(learner, outer_lr), 0)

    def _stepping(self, learner_class: type[GradientLearner]) -> Reader:
        learners = []
        for outer_lr in STEPPING_RATES:
            model = MLP([self.vectors.shape[1], HIDDEN, self.kinds], seed=self.seed)
            learner = learner_class(
                model.to(self.vectors.device),
                F.cross_entropy,
                inner_lr=INNER_LR,
                inner_steps=INNER_STEPS,
            )
            learners.append(self._trained(learner, outer_lr))
        return stepping_reader(learners, self.validation)

    def _trained(self, learner: Kind, outer_lr: float) -> Kind:
        source = self.tasks("train")
        return trained(learner, source, iterations=self.iterations, outer_lr=outer_lr)


def reading_world(
    lab: LanguageLab, language: str, kinds: Sequence[str], *, shots: int = 2, queries: int = 2
) -> World:
    """Episodes in one language, for a reader of flesh and blood; labels are dealt anew in each.

    Args:
        lab: gives the names, those of the test concepts.
        language: of its test languages.
        kinds: what the classes are called.
        shots: K.
        queries: Q.
    """
    rows = [
        row
        for row, name in enumerate(lab.names)
        if name.language == language and lab.split.concepts[name.concept] == "test"
    ]
    table = LabelledTable(
        texts=tuple(lab.names[row].text for row in rows),
        labels=tuple(lab.names[row].kind for row in rows),
        classes=tuple(kinds),
        groups=tuple(range(len(rows))),
        source=f"names in {language}",
    )
    parts = ClassSplit((), (), tuple(range(lab.kinds)))
    vectors = lab.vectors[torch.tensor(rows).to(lab.vectors.device)]
    return World(table, parts, vectors, lab.kinds, shots, queries, lab.seed)


def guesses(world: World, reader: Reader, episodes: int) -> Tensor:
    """The label that a reader of kinds gives to each query, ``[episodes, queries]``.

    Args:
        world: of ``reading_world``.
        reader: of the lab.
        episodes: how many, from the first.
    """
    tasks, kinds = world.sampler("test").batch_with_classes(0, episodes)
    kinds = kinds.to(tasks.support.y.device)
    support = Split(tasks.support.x, kinds.gather(1, tasks.support.y))
    scores = reader(support, tasks.query.x)
    labels: Tensor = scores.gather(2, kinds[:, None].expand(*scores.shape)).argmax(2)
    return labels
