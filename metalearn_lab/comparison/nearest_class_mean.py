"""The untrained baseline: the class whose mean TF-IDF vector is nearest."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from metalearn_lab.comparison.world import World


def nearest_class_mean_accuracy(
    world: World, part: str, episodes: int, ngrams: tuple[int, int]
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
    from scipy.sparse import csr_array
    from sklearn.preprocessing import normalize

    vectors = _tf_idf(world, ngrams)
    tasks = world.row_sampler(part).batch(0, episodes)
    hits = []
    for i in range(episodes):
        support, query = (vectors[split.x[i].numpy()] for split in tasks)
        members = csr_array(torch.nn.functional.one_hot(tasks.support.y[i], world.ways).T.numpy())
        means = normalize(members @ support)
        guesses = torch.from_numpy((query @ means.T).toarray().argmax(1))
        hits.append((guesses == tasks.query.y[i]).float().mean())
    return torch.stack(hits)


def _tf_idf(world: World, ngrams: tuple[int, int]) -> Any:
    """Sparse unit vectors ``[rows, 2^20]``."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    counter = HashingVectorizer(
        analyzer="char_wb", ngram_range=ngrams, alternate_sign=False, norm=None
    )
    counts = counter.transform(world.table.texts)
    trained_on = torch.isin(torch.tensor(world.table.labels), torch.tensor(world.classes.train))
    weights = TfidfTransformer(sublinear_tf=True).fit(counts[trained_on.numpy()])
    return weights.transform(counts)
