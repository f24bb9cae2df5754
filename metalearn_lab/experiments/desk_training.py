"""The trained learner of the desk: a ProtoNet on frozen sentence vectors, and its threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.experiments.desk import Desk, threshold_that_accepts
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.models.sentence_encoder import encode_sentences, sentence_vectors
from metalearn_lab.tasks.class_splits import split_with_one_validation
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.sources.embedded import embedded_table
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.types import Task
from metalearn_lab.training.meta_train import meta_train

WAYS, SHOTS, QUERIES = 5, 3, 5
"""Of the episodes; K is that of a desk in use, where the training may have another."""

META_BATCH, OUTER_LR = 4, 1e-3
"""Episodes of an outer step, and β."""

ACCEPTED = 0.95
"""The share of sentences of known intents that the threshold lets through."""

HOME: Mapping[str, tuple[tuple[str, ...], str]] = {
    "lights on": (
        ("turn on the lights in the kitchen", "light up the office", "I need light in here"),
        "The light in the {room} is on.",
    ),
    "lights off": (
        ("turn off the lights in the kitchen", "lights out in the office", "make it dark in here"),
        "The light in the {room} is off.",
    ),
    "timer": (
        ("set a timer for ten minutes", "remind me in half an hour", "start a pizza timer"),
        "The timer runs.",
    ),
    "weather": (
        ("what is the weather like", "will it rain today", "do I need an umbrella"),
        "Look out of the window of the {room}.",
    ),
}
"""What a new customer of the home desk finds: for each intent its sentences and its reply."""

ROOMS = ("kitchen", "living room", "bedroom", "bathroom", "office", "garage", "hallway")


def train_home_desk(
    seed: int = 0, iterations: int = 200, device: str | torch.device = "cpu"
) -> Desk:
    """A desk for a home, meta-trained on half of the bundled intents.

    Its threshold lets through ``ACCEPTED`` of the query sentences of episodes of validation
    classes, which no training saw.

    Args:
        seed: of the class split and the episodes.
        iterations: outer steps.
        device: where it is trained, and where it works.

    Raises:
        MissingEncoderError: the sentence encoder is not installed.
    """
    table = embedded_table()
    vectors = sentence_vectors(table.texts, device=device)
    split = split_with_one_validation(table, seed=seed)
    learner = train_proto_net(
        desk_episodes(table, vectors, split.train, f"desk {seed}"), iterations
    )
    chosen_by = desk_episodes(table, vectors, split.validation, f"desk validation {seed}")
    threshold = threshold_that_accepts(_scores(learner, chosen_by.batch(0, 100)), ACCEPTED)
    encode = partial(encode_sentences, device=device)
    desk = Desk(encode, learner, threshold, slots={"room": ROOMS})
    for name, (sentences, reply) in HOME.items():
        desk = desk.taught(name, sentences, reply)
    return desk


def desk_episodes(
    table: LabelledTable, vectors: Tensor, classes: Sequence[int], name: str, shots: int = SHOTS
) -> EpisodeSampler:
    """Episodes of some classes of a table, as a desk meets them.

    Args:
        table: the labelled sentences.
        vectors: theirs, ``[rows, dim]``.
        classes: to draw from.
        name: of the stream of episodes; another name draws others.
        shots: K.
    """
    return EpisodeSampler(
        vectors,
        table.labels,
        ways=WAYS,
        shots=shots,
        queries=QUERIES,
        classes=tuple(classes),
        groups=table.groups,
        split=name,
    )


class Episodes(Protocol):
    """What a ProtoNet is trained on: vectors, and batches of episodes of them."""

    x: Tensor

    def batch(self, first: int, count: int) -> Task:
        """Episodes ``first`` to ``first + count - 1``."""


def train_proto_net(
    episodes: Episodes,
    iterations: int,
    *,
    ways: int = WAYS,
    meta_batch: int = META_BATCH,
    outer_lr: float = OUTER_LR,
) -> ProtoNet:
    """A ProtoNet whose projection starts at a multiple of the identity; then it is frozen.

    Args:
        episodes: to train on.
        iterations: outer steps.
        ways: N, of the episodes.
        meta_batch: episodes of an outer step.
        outer_lr: β.
    """
    vectors = episodes.x
    body = FeatureClassifier(vectors.shape[1], ways).body.to(vectors.device)
    learner = ProtoNet(body, F.cross_entropy, ways=ways)
    meta_train(
        learner,
        lambda i: episodes.batch(meta_batch * i, meta_batch),
        iterations=iterations,
        optimizer=torch.optim.Adam(learner.parameters(), lr=outer_lr),
        progress=False,
    )
    return learner.requires_grad_(False)


def _scores(learner: ProtoNet, tasks: Task) -> Tensor:
    """Of each query sentence's own class, ``[sentences]``."""
    [adapted] = learner.adapt(tasks.support, 0)
    scores = learner.predict(adapted, tasks.query.x)
    return scores.gather(-1, tasks.query.y[..., None]).flatten()
