"""A pretrained language model and new authors: fine-tuning, and meta-training for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import nn

from metalearn_lab.experiments.author_mixture import AuthorTask, left_out, mixed_bits, on_query
from metalearn_lab.experiments.language_models import (
    bits_per_character,
    character_probabilities,
    next_character_loss,
)
from metalearn_lab.learners.cavia import CAVIA
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.ngram import NGram
from metalearn_lab.tasks.next_symbols import sentence_items
from metalearn_lab.tasks.types import Split

INNER_STEPS = 3
"""k in meta-training."""

SENTENCES = 10
"""Support sentences of a training task, and as many query sentences."""


class Way(NamedTuple):
    """A way to get a language model ready for new authors.

    Attributes:
        build: makes a learner of a model, α and a seed.
        rates: α that are tried.
        longer: outer steps for one of first-order MAML, so that all have as many gradients of a
            sentence. MAML takes 4 · 10 of them for a task, Reptile 3 · 10, CAVIA, which goes back
            through its inner steps, 7 · 10, and pretraining 20.
    """

    build: Callable[[nn.Module, float, int], GradientLearner]
    rates: tuple[float, ...]
    longer: float


def _pretrained(model: nn.Module, rate: float, seed: int) -> GradientLearner:
    return JointPretraining(model, next_character_loss, inner_lr=rate, inner_steps=INNER_STEPS)


def _reptile(model: nn.Module, rate: float, seed: int) -> GradientLearner:
    return Reptile(
        model,
        next_character_loss,
        inner_lr=rate,
        inner_steps=INNER_STEPS,
        inner_batch=SENTENCES,
    )


def _maml(model: nn.Module, rate: float, seed: int) -> GradientLearner:
    return FirstOrderMAML(model, next_character_loss, inner_lr=rate, inner_steps=INNER_STEPS)


def _embedding(model: nn.Module, rate: float, seed: int) -> GradientLearner:
    return CAVIA(
        model,
        next_character_loss,
        contexts=16,
        layer="recurrent",
        seed=seed,
        inner_lr=rate,
        inner_steps=INNER_STEPS,
    )


WAYS = {
    "fine-tuning": Way(_pretrained, (0.3, 1.0, 3.0), 0.0),
    "pretraining goes on": Way(_pretrained, (0.3, 1.0), 2.0),
    "Reptile": Way(_reptile, (0.3, 1.0), 4 / 3),
    "first-order MAML": Way(_maml, (0.3, 1.0), 1.0),
    "embedding (CAVIA)": Way(_embedding, (30.0, 100.0), 4 / 7),
}
"""By name; each starts at the shipped LSTM."""


class Adaptation(NamedTuple):
    """Bits per character of one author, a number for each count of steps."""

    support: list[float]
    query: list[float]


def adapt_to_authors(
    learner: GradientLearner, tasks: Sequence[AuthorTask], steps: Sequence[int]
) -> list[Adaptation]:
    """Adapt to each author's support sentences; judge on these and on the query sentences.

    Args:
        learner: whose model is a language model of characters.
        tasks: an author each, all of as many support sentences.
        steps: after how many inner steps to judge.
    """
    where = next(learner.parameters()).device
    length = max(len(sentence) for task in tasks for sentence in task.support) + 1
    items = [sentence_items(task.support, length) for task in tasks]
    support = Split(*(torch.stack(parts).to(where) for parts in zip(*items, strict=True)))
    trajectory = learner.adapt(support, max(steps))

    def bits(author: int, step: int, sentences: Sequence[str]) -> float:
        own = {name: weight[author] for name, weight in trajectory[step].items()}
        return bits_per_character(partial(learner.call, own), sentences, where)

    return [
        Adaptation(*([bits(author, step, part) for step in steps] for part in task))
        for author, task in enumerate(tasks)
    ]


def mixtures_with_network(
    network: nn.Module, general: NGram, task: AuthorTask, where: torch.device | str = "cpu"
) -> dict[str, float]:
    """Bits per character of new sentences under mixtures whose shares EM finds on the support.

    Args:
        network: a language model of characters, which stays as it is.
        general: an n-gram model of many authors.
        task: one author, whose own n-gram model is the third.
        where: device of the network.
    """
    support, new = (character_probabilities(network, part, where) for part in task)
    others, query = left_out(general, task), on_query(general, task)
    return {
        "LSTM + author": mixed_bits([support, others.author], [new, query.author]),
        "LSTM + n-gram": mixed_bits([support, others.general], [new, query.general]),
        "all three": mixed_bits([support, *others], [new, *query]),
    }
