"""A pretrained language model adapts to new authors by gradient steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import nn

from metalearn_lab.experiments.author_mixture import AuthorTask, left_out, mixed_bits, on_query
from metalearn_lab.experiments.language_models import (
    bits_per_character,
    character_probabilities,
)
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.models.ngram import NGram
from metalearn_lab.tasks.next_symbols import sentence_items
from metalearn_lab.tasks.types import Split


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
