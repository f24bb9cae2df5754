"""The learners of the other chapters on episodes of pictures: nothing in them is about text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.comparison.opinions import learned_reader
from metalearn_lab.comparison.readers import (
    INNER_LR,
    INNER_STEPS,
    Kind,
    Reader,
    best_reader,
    logistic_readers,
    means_reader,
    ridge_readers,
    stepping_reader,
    trained,
)
from metalearn_lab.learners.class_means import PretrainedMeans
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.class_splits import ClassSplit
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.pictures import Pictures
from metalearn_lab.tasks.types import Split

SAVED_IMAGES = Path(__file__).parent / "images.csv"
"""What ``benchmarks/images.py`` gave."""

MEANS, RIDGE, LOGISTIC = "class means of pixels", "ridge on pixels", "logistic regression"
PRETRAINED, PROTO = "pretrained class means", "ProtoNet"
FIRST_ORDER, REPTILE = "first-order MAML", "Reptile"
METHODS = (MEANS, RIDGE, LOGISTIC, PRETRAINED, PROTO, FIRST_ORDER, REPTILE)
META_LEARNERS = (PROTO, FIRST_ORDER, REPTILE)

RATES = (1e-3, 3e-3, 1e-2)
"""β of Adam, of which a training takes one."""

HIDDEN = 64
"""Units of the network; its features are as many."""


class ImageLab:
    """A split of the classes of some pictures, and readers trained on one part of it.

    Args:
        pictures: with their classes.
        split: of the classes.
        shots: K.
        ways: N.
        queries: Q, of each class.
        iterations: outer steps of a training.
        seed: of the trainings and the episodes.
        episodes: that settings are chosen by, and as many that are reported on.
        device: where pixels and networks live.
    """

    def __init__(
        self,
        pictures: Pictures,
        split: ClassSplit,
        *,
        shots: int,
        ways: int = 2,
        queries: int = 8,
        iterations: int = 200,
        seed: int = 0,
        episodes: int = 200,
        device: str | torch.device = "cpu",
    ) -> None:
        self.pictures, self.split, self.seed = pictures, split, seed
        self.shots, self.ways, self.queries = shots, ways, queries
        self.iterations = iterations
        self.pixels = pictures.pixels.flatten(1).to(device)
        self.validation, self.test = (
            self.sampler(part).batch(0, episodes) for part in ("validation", "test")
        )

    def sampler(self, part: str) -> EpisodeSampler:
        """Episodes of a part of the classes, as for sentences."""
        return EpisodeSampler(
            self.pixels,
            self.pictures.labels,
            ways=self.ways,
            shots=self.shots,
            queries=self.queries,
            classes=getattr(self.split, part),
            split=part,
            seed=self.seed,
        )

    def readers(self, methods: Sequence[str] = METHODS) -> dict[str, Reader]:
        """Some readers by name, the setting of each chosen on validation classes."""
        choose = partial(best_reader, validation=self.validation)
        none = torch.zeros(self.pixels.shape[1] + 1, self.ways).to(self.pixels)
        makers: Mapping[str, Callable[[], Reader]] = {
            MEANS: lambda: choose([distance_reader, means_reader]),
            RIDGE: lambda: choose(ridge_readers(none)),
            LOGISTIC: lambda: choose(logistic_readers()),
            PRETRAINED: lambda: choose([self._pretrained(rate) for rate in RATES]),
            PROTO: lambda: choose([self._proto_net(rate) for rate in RATES]),
            FIRST_ORDER: lambda: self._stepping(FirstOrderMAML),
            REPTILE: lambda: self._stepping(Reptile),
        }
        return {name: makers[name]() for name in methods}

    def _pretrained(self, outer_lr: float) -> Reader:
        network = self._network(len(self.split.train))
        learner = PretrainedMeans(
            network.body, F.cross_entropy, ways=self.ways, pretraining_head=network.head
        )
        return partial(learned_reader, self._trained(learner, outer_lr), 0)

    def _proto_net(self, outer_lr: float) -> Reader:
        # Features without a last ReLU, which would leave one half of the space unused.
        body = nn.Sequential(self._network(HIDDEN))
        learner = ProtoNet(body, F.cross_entropy, ways=self.ways)
        return partial(learned_reader, self._trained(learner, outer_lr), 0)

    def _stepping(self, learner_class: type[GradientLearner]) -> Reader:
        learners = []
        for outer_lr in RATES:
            learner = learner_class(
                self._network(self.ways),
                F.cross_entropy,
                inner_lr=INNER_LR,
                inner_steps=INNER_STEPS,
            )
            learners.append(self._trained(learner, outer_lr))
        return stepping_reader(learners, self.validation)

    def _network(self, outputs: int) -> MLP:
        model = MLP([self.pixels.shape[1], HIDDEN, outputs], seed=self.seed)
        return model.to(self.pixels.device)

    def _trained(self, learner: Kind, outer_lr: float) -> Kind:
        source = self.sampler("train")
        return trained(learner, source, iterations=self.iterations, outer_lr=outer_lr)


def distance_reader(support: Split, x: Tensor) -> Tensor:
    """Minus the squared distance to the class means of the support."""
    members = F.one_hot(support.y).to(x)
    means = members.mT @ support.x / members.sum(1)[..., None]
    return -(torch.cdist(x, means) ** 2)
