"""The trained learner of the desk: a ProtoNet on frozen sentence vectors, and its threshold."""

from __future__ import annotations

from collections.abc import Mapping

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
from metalearn_lab.training.meta_train import meta_train

WAYS, SHOTS, QUERIES = 5, 3, 5
"""Of the training episodes."""

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


def train_home_desk(seed: int = 0, iterations: int = 200, outer_lr: float = 1e-3) -> Desk:
    """A desk for a home, meta-trained on half of the bundled intents.

    Its threshold lets through ``ACCEPTED`` of the query sentences of episodes of validation
    classes, which no training saw.

    Args:
        seed: of the class split, the weights and the episodes.
        iterations: outer steps.
        outer_lr: β.

    Raises:
        MissingEncoderError: the sentence encoder is not installed.
    """
    table = embedded_table()
    vectors = sentence_vectors(table.texts)
    split = split_with_one_validation(table, seed=seed)

    def sampler(part: str) -> EpisodeSampler:
        return EpisodeSampler(
            vectors,
            table.labels,
            ways=WAYS,
            shots=SHOTS,
            queries=QUERIES,
            classes=getattr(split, part),
            groups=table.groups,
            split=f"desk {part} {seed}",
            seed=seed,
        )

    learner = ProtoNet(FeatureClassifier(vectors.shape[1], WAYS).body, F.cross_entropy, ways=WAYS)
    tasks = sampler("train")
    meta_train(
        learner,
        lambda i: tasks.batch(4 * i, 4),
        iterations=iterations,
        optimizer=torch.optim.Adam(learner.parameters(), lr=outer_lr),
        progress=False,
    )
    learner.requires_grad_(False)
    threshold = threshold_that_accepts(_scores(learner, sampler("validation")), ACCEPTED)
    desk = Desk(encode_sentences, learner, threshold, slots={"room": ROOMS})
    for name, (sentences, reply) in HOME.items():
        desk = desk.taught(name, sentences, reply)
    return desk


def _scores(learner: ProtoNet, sampler: EpisodeSampler, episodes: int = 100) -> Tensor:
    """Of each query sentence's own class, ``[sentences]``."""
    scores = []
    for index in range(episodes):
        task = sampler.batch(index, 1)
        [weights] = learner.adapt(task.support, 0)
        own = learner.predict(weights, task.query.x).gather(-1, task.query.y[..., None])
        scores.append(own.flatten())
    return torch.cat(scores)
