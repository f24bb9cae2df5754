"""New senses of new words: every method on the same episodes, and the split that flatters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.comparison.untrained import whitening
from metalearn_lab.evaluation.few_shot_score import few_shot_score, with_rate
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.evaluation.nearest_cosines import nearest_cosines
from metalearn_lab.experiments.desk_training import train_proto_net
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.models.sentence_encoder import encode_words
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, first_shots
from metalearn_lab.tasks.word_senses import WAYS, SenseEpisodes, SenseTable, split_lemmas
from metalearn_lab.training.meta_train import meta_train

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED_WORD_SENSES = Path(__file__).parent / "word_senses.csv"
"""What ``benchmarks/word_senses.py`` gave: numbers, no sentences."""

BY_HAND, NOUNS = "by hand", "CoarseWSD-20"
"""The sets of sentences."""

MEANS, CENTRED, WHITENED = "class means", "class means, centred", "class means, whitened"
NEAREST, RIDGE = "nearest sentence", "ridge"
PROTO, LEAKY, MAML = "ProtoNet", "ProtoNet, split by sentence", "first-order MAML"
FREQUENT = "most frequent sense"

SHOTS, QUERIES = (1, 3, 5), 5
TRAIN_SHOTS, TRAIN_QUERIES = 2, 3
SHRINKAGE, PENALTY = 0.3, 0.1
"""Of whitening and of ridge regression; not tuned."""

INNER_LRS, MOST_STEPS = (0.3, 1.0, 3.0), 10
"""What first-order MAML chooses from on validation words."""

Scores = Callable[[Split, Tensor], Tensor]
"""A support set and query vectors to the scores of the senses, ``[tasks, queries, 2]``."""


class SenseWorld(NamedTuple):
    """Sentences with their vectors, and one split of the words.

    Attributes:
        table: the sentences.
        x: vectors of length 1, ``[rows, dim]``.
        parts: words to train on, to choose by and to test on.
        seed: of the split.
        halves: by word, the rows of its first and of its second half, sense by sense.
    """

    table: SenseTable
    x: Tensor
    parts: Mapping[str, tuple[str, ...]]
    seed: int
    halves: Mapping[str, tuple[list[int], list[int]]]

    def episodes(
        self, words: Sequence[str], half: int, shots: int, queries: int, name: str
    ) -> SenseEpisodes:
        """Episodes of some words, from one half of their sentences; the name draws others."""
        rows = {word: self.halves[word][half] for word in words}
        sizes = {"shots": shots, "queries": queries}
        return SenseEpisodes(
            self.table, self.x, words, **sizes, name=f"{name} {self.seed}", rows=rows
        )


def sense_world(table: SenseTable, x: Tensor, seed: int) -> SenseWorld:
    """The words split by a seed.

    Args:
        table: the sentences.
        x: their vectors, ``[rows, dim]``.
        seed: of the split, and of the halves of each word's sentences.
    """
    labels = torch.tensor(table.labels)
    halves: dict[str, tuple[list[int], list[int]]] = {word: ([], []) for word in table.lemmas}
    for number, (word, sense) in enumerate(table.classes):
        rows = (labels == number).nonzero().flatten()
        order = torch.randperm(len(rows), generator=generator("halves", seed, word, sense))
        shuffled = rows[order].tolist()
        halves[word][0].extend(shuffled[: len(rows) // 2])
        halves[word][1].extend(shuffled[len(rows) // 2 :])
    return SenseWorld(table, x, split_lemmas(table.lemmas, seed), seed, halves)


def word_vectors(
    tokens: Sequence[tuple[Sequence[str], int]], device: str | torch.device = "cpu"
) -> Tensor:
    """The vector of one word in each sentence, of length 1, ``[sentences, dim]``.

    Args:
        tokens: the words of each sentence, and the place of the one that is asked for.
        device: where to compute.
    """
    vectors = encode_words([words for words, _ in tokens], device=device)
    first = torch.tensor([0, *(len(words) for words, _ in tokens)]).cumsum(0)[:-1]
    own = first + torch.tensor([place for _, place in tokens])
    return F.normalize(vectors[own.to(vectors.device)], dim=1)


def untrained(world: SenseWorld) -> dict[str, Scores]:
    """The methods that train nothing; two of them take means of the training words' sentences."""
    vectors, labels = world.x.cpu().double(), torch.tensor(world.table.labels)
    classes = [
        vectors[labels == number]
        for number, (word, _) in enumerate(world.table.classes)
        if word in world.parts["train"]
    ]
    centre, white = torch.cat(classes).mean(0).to(world.x), whitening(classes, SHRINKAGE)
    return {
        MEANS: partial(_cosines, lambda x: x),
        CENTRED: partial(_cosines, lambda x: x - centre),
        WHITENED: partial(_cosines, lambda x: white(x.cpu().double()).to(x)),
        NEAREST: lambda support, x: nearest_cosines(support.x, support.y, x, WAYS),
        RIDGE: _ridge_scores,
    }


def _cosines(features: Callable[[Tensor], Tensor], support: Split, x: Tensor) -> Tensor:
    return class_mean_cosines(features(support.x), support.y, features(x), WAYS)


def _ridge_scores(support: Split, x: Tensor) -> Tensor:
    targets = F.one_hot(support.y, WAYS).to(support.x)
    fit = torch.vmap(ridge, in_dims=(0, 0, None))
    return x @ fit(support.x, targets, torch.tensor(PENALTY).to(targets))


def learned(learner: Learner, steps: int = 0) -> Scores:
    """The scores of a trained learner after some inner steps."""

    def scores(support: Split, x: Tensor) -> Tensor:
        adapted = learner.adapt(support, steps)[-1]
        return learner.predict(adapted, x)

    return scores


def train_senses(world: SenseWorld, seed: int, iterations: int, *, leaky: bool = False) -> ProtoNet:
    """A ProtoNet, meta-trained on the first halves of the training words' sentences.

    Args:
        world: the split.
        seed: of the episodes.
        iterations: outer steps.
        leaky: split by sentence instead: the test words take the place of as many training words.
            Their tests still have other sentences, the second halves.
    """
    words = world.parts["train"]
    if leaky:
        words = (*words[len(world.parts["test"]) :], *world.parts["test"])
    name = f"train {seed}"
    episodes = world.episodes(words, 0, TRAIN_SHOTS, TRAIN_QUERIES, name)
    return train_proto_net(episodes, iterations, ways=WAYS)


def train_first_order(world: SenseWorld, seed: int, iterations: int) -> FirstOrderMAML:
    """First-order MAML on the same episodes as ``train_senses``."""
    episodes = world.episodes(world.parts["train"], 0, TRAIN_SHOTS, TRAIN_QUERIES, f"train {seed}")
    model = FeatureClassifier(world.x.shape[1], WAYS).to(world.x.device)
    learner = FirstOrderMAML(model, F.cross_entropy, inner_lr=1.0, inner_steps=3)
    meta_train(
        learner,
        lambda i: episodes.batch(4 * i, 4),
        iterations=iterations,
        optimizer=torch.optim.Adam(learner.parameters(), lr=1e-3),
        progress=False,
    )
    return learner


def tuned(world: SenseWorld, learner: Learner, shots: int, queries: int) -> Scores:
    """The scores of a gradient learner, with α and steps chosen on validation words."""
    words = world.parts["validation"]
    tasks = world.episodes(words, 1, shots, queries, "validation").batch(0, 60)
    chosen = few_shot_score(
        learner, tasks, tasks, inner_lrs=INNER_LRS, most_steps=MOST_STEPS, tasks_at_once=60
    )
    assert chosen.inner_lr is not None  # a gradient learner has one
    return learned(with_rate(learner, chosen.inner_lr), chosen.steps)


def recalls(
    world: SenseWorld,
    scores: Scores,
    shots: int,
    *,
    most_shots: int,
    queries: int,
    episodes: int = 40,
) -> Tensor:
    """By test word and sense, the share of its query sentences that get this sense, ``[words, 2]``.

    Args:
        world: the split; support and query are from the second halves.
        scores: of a method.
        shots: K, the first of those drawn, so that all K share their query sentences.
        most_shots: how many are drawn.
        queries: of a sense in an episode.
        episodes: of each word.
    """
    words = world.parts["test"]
    drawn = world.episodes(words, 1, most_shots, queries, "test")
    shares = []
    for word in words:
        tasks, classes = drawn.samplers[word].batch_with_classes(0, episodes)
        tasks = first_shots(tasks, WAYS, shots)
        labels = tasks.query.y.cpu()
        right = scores(tasks.support, tasks.query.x).argmax(2).cpu() == labels
        second = (classes == classes.max())[:, None].expand(-1, right.shape[1], -1)
        is_second = second.gather(2, labels[..., None])[..., 0]
        shares.append([right[~is_second].float().mean(), right[is_second].float().mean()])
    return torch.tensor(shares, dtype=torch.float64)


def sense_intervals(table: DataFrame, measure: str) -> dict[str, dict[int, Interval]]:
    """Mean over the splits, each the mean of its seeds, with its 95 % interval, by method and K.

    Args:
        table: as saved, of one set of sentences and one kind of vector.
        measure: a column of numbers.
    """
    by_split = table.groupby(["method", "shots", "split"], sort=False)[measure].mean()
    intervals: dict[str, dict[int, Interval]] = {}
    for (method, shots), own in by_split.groupby(level=[0, 1], sort=False):
        values = torch.tensor(own.to_list(), dtype=torch.float64)
        intervals.setdefault(method, {})[shots] = interval_over_tasks(values)
    return intervals


def sense_differences(table: DataFrame, measure: str, method: str, other: str) -> DataFrame:
    """A method less another one, split by split, each the mean of its seeds: a row for each K.

    Args:
        table: as saved, of one set of sentences and one kind of vector.
        measure: a column of numbers.
        method: from which is taken away.
        other: what is taken away.
    """
    by_split = table.groupby(["method", "shots", "split"])[measure].mean().unstack("split")
    return by_split.loc[method] - by_split.loc[other]


def sense_overview(table: DataFrame) -> DataFrame:
    """Both accuracies in per cent with their 95 % intervals over splits, a row for each method.

    Args:
        table: as saved, of one set of sentences and one kind of vector.
    """
    from pandas import DataFrame

    columns = {}
    for measure in ("balanced", "natural"):
        found = sense_intervals(table, measure)
        for shots in sorted(table.shots.unique()):
            columns[measure, f"K = {shots}"] = {
                method: f"{by[shots].mean:.1f} ± {by[shots].half_width:.1f}"
                for method, by in found.items()
            }
    return DataFrame(columns)
