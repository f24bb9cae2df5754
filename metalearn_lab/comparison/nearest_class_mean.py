"""The untrained baseline: the class whose mean TF-IDF vector is nearest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.comparison.world import World
from metalearn_lab.tasks.types import Task, first_shots


def nearest_class_mean_accuracy(
    world: World, part: str, episodes: int, ngrams: Sequence[int]
) -> Tensor:
    """Accuracy of the nearest class mean on each episode, ``[episodes]``.

    A sentence is its TF-IDF vector of character n-grams (inside word boundaries, sublinear
    counts, unit length); a class is the mean of its support sentences; a query goes to the class
    with the highest cosine. Nothing is trained: the weights are inverse document frequencies over
    the *training classes'* sentences, without their labels. An n-gram that none of them holds
    counts as the rarest; hashing keeps it, where a fitted vocabulary would drop just the n-grams
    that tell new classes apart.

    Args:
        world: the class split and its episodes.
        part: ``"validation"`` or ``"test"``.
        episodes: how many, from the first.
        ngrams: shortest and longest n-gram in characters.
    """
    return nearest_class_mean_by_shots(world, part, episodes, ngrams, [world.shots])[world.shots]


def nearest_class_mean_by_shots(
    world: World, part: str, episodes: int, ngrams: Sequence[int], shots: Sequence[int]
) -> dict[int, Tensor]:
    """The same on the same episodes with only the first K support sentences of each class.

    Args:
        world: as above.
        part: as above.
        episodes: as above.
        ngrams: as above.
        shots: each K, at most the world's.

    Returns:
        Accuracies ``[episodes]`` by K.
    """
    vectors = tf_idf(world, ngrams)
    tasks = world.row_sampler(part).batch(0, episodes)
    pairs = list(zip(tasks.support.x.numpy(), tasks.query.x.numpy(), strict=True))
    among = torch.stack([_products(vectors, support, support) for support, _ in pairs])
    across = torch.stack([_products(vectors, query, support) for support, query in pairs])
    return {k: _accuracies(among, across, first_shots(tasks, world.ways, k)) for k in shots}


def _products(vectors: Any, rows: Any, others: Any) -> Tensor:
    """Scalar products of some vectors with some others."""
    return torch.from_numpy((vectors[rows] @ vectors[others].T).toarray())


def _accuracies(among: Tensor, across: Tensor, tasks: Task) -> Tensor:
    """Of each task, from the products of its support items and of query with support items.

    The cosine of a query q with the mean of the items s is Σ q·s / √(Σ Σ s·s'), to a factor that
    all classes share.
    """
    items = tasks.support.y.shape[1]
    members = F.one_hot(tasks.support.y).to(among.dtype)
    sums = across[:, :, :items] @ members
    lengths = (members.mT @ among[:, :items, :items] @ members).diagonal(dim1=1, dim2=2).sqrt()
    # A class without any n-gram has the cosine 0 with everything, not 0 / 0.
    cosines = sums / lengths.unsqueeze(1).clamp_min(torch.finfo(lengths.dtype).tiny)
    return (cosines.argmax(2) == tasks.query.y).float().mean(1)


def tf_idf(world: World, ngrams: Sequence[int]) -> Any:
    """Sparse unit vectors ``[rows, 2^20]``."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    counter = HashingVectorizer(
        analyzer="char_wb", ngram_range=tuple(ngrams), alternate_sign=False, norm=None
    )
    counts = counter.transform(world.table.texts)
    trained_on = torch.isin(torch.tensor(world.table.labels), torch.tensor(world.classes.train))
    weights = TfidfTransformer(sublinear_tf=True).fit(counts[trained_on.numpy()])
    return weights.transform(counts)
