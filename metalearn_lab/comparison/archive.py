"""When no intent fits: which of many archived answers comes first, judged by reciprocal ranks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.comparison.untrained import whitening
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.evaluation.nearest_cosines import nearest_cosines
from metalearn_lab.experiments.desk_training import desk_episodes, train_proto_net
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.types import Split, Task

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED_ARCHIVE = Path(__file__).parent / "archive.csv"
DEPTHS = (1, 3)
"""Archived sentences of each answer."""
QUESTIONS = 5  # of each answer in an archive
SHRINKAGE = 1.0  # of whitening: not tuned


def reciprocal_ranks(scores: Tensor, right: Tensor) -> Tensor:
    """1 over the rank of the right entry, among entries sorted from the highest score down.

    Of entries with the same score the right one counts as the last, so a ranker that cannot tell
    them apart gains nothing.

    Args:
        scores: ``[..., questions, entries]``.
        right: number of the right entry, ``[..., questions]``.

    Returns:
        ``[..., questions]``, above 0, at most 1. Its mean is the MRR.

    Raises:
        ValueError: a score is NaN, and so has no rank.
    """
    if scores.isnan().any():
        raise ValueError("a score is NaN, so nothing can be ranked by it; see what computed it")
    own = scores.gather(-1, right[..., None])
    return 1 / (scores >= own).sum(-1)


def word_vectors(sentences: Sequence[str]) -> Tensor:
    """tf-idf of words, ``[sentences, words]``, each row of length 1 (or 0 without a word)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    rows = TfidfVectorizer(token_pattern=r"\w+").fit_transform(sentences)
    return torch.from_numpy(rows.toarray()).float()


def ask_archive(
    table: LabelledTable,
    vectors: Tensor,
    train: Sequence[int],
    test: Sequence[int],
    seed: int,
    *,
    iterations: int = 200,
    archives: int = 20,
) -> DataFrame:
    """How high the right answer stands in archives that hold all intents of some domains.

    Args:
        table: the labelled sentences.
        vectors: theirs, ``[rows, dim]``, of length 1.
        train: classes to meta-train on.
        test: classes in the archive, of other domains.
        seed: of the archives and the training.
        iterations: outer steps.
        archives: how many are drawn.

    Returns:
        A row for each ranker and depth: ``sentences`` of each answer, ``ranker``, and in per cent
        ``mrr`` and ``first``, how often the right answer is the first.
    """
    import pandas as pd

    episodes = desk_episodes(table, vectors, train, f"train {seed}")
    trained = train_proto_net(episodes, iterations)
    learner = ProtoNet(trained.model, F.cross_entropy, ways=len(test))
    labels = torch.tensor(table.labels)
    classes = [vectors.cpu().double()[labels == c] for c in train]
    white = whitening(classes, SHRINKAGE)(vectors.cpu().double()).to(vectors)
    words = word_vectors(table.texts).to(vectors)
    rows = []
    for depth in DEPTHS:
        support, query, tasks = _archives(table, test, depth, f"archive {seed}", archives)
        members, right = (part.y.to(vectors.device) for part in (tasks.support, tasks.query))
        adapted = learner.adapt(Split(vectors[support], members), 0)[0]
        cosines = partial(class_mean_cosines, labels=members, ways=len(test))
        nearest = partial(nearest_cosines, labels=members, ways=len(test))
        scores = {
            "words in common (tf-idf)": nearest(support=words[support], query=words[query]),
            "nearest sentence": nearest(support=vectors[support], query=vectors[query]),
            "class means": cosines(support=vectors[support], query=vectors[query]),
            "class means, whitened": cosines(support=white[support], query=white[query]),
            "ProtoNet": learner.predict(adapted, vectors[query]),
        }
        for ranker, each in scores.items():
            ranks = reciprocal_ranks(each, right)
            shares = {"mrr": ranks.mean().item(), "first": (ranks == 1).double().mean().item()}
            percent = {name: 100 * share for name, share in shares.items()}
            rows.append({"sentences": depth, "ranker": ranker, **percent})
    return pd.DataFrame(rows)


def _archives(
    table: LabelledTable, classes: Sequence[int], depth: int, name: str, archives: int
) -> tuple[Tensor, Tensor, Task]:
    """Rows of archived sentences and of questions, ``[archives, items]``, and their answers."""
    sampler = EpisodeSampler(
        torch.arange(len(table.texts)),
        table.labels,
        ways=len(classes),
        shots=depth,
        queries=QUESTIONS,
        classes=tuple(classes),
        groups=table.groups,
        split=name,
    )
    tasks = sampler.batch(0, archives)
    return tasks.support.x, tasks.query.x, tasks
