"""The untrained baseline: the class whose mean TF-IDF vector is nearest."""

from __future__ import annotations

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
    the *training classes'* sentences, without their labels.

    Args:
        world: the class split and its episodes.
        part: ``"validation"`` or ``"test"``.
        episodes: how many, from the first.
        ngrams: shortest and longest n-gram in characters.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    trained_on = set(world.classes.train)
    texts, labels = world.table.texts, world.table.labels
    vectoriser = TfidfVectorizer(analyzer="char_wb", ngram_range=ngrams, sublinear_tf=True)
    vectoriser.fit([text for text, label in zip(texts, labels, strict=True) if label in trained_on])
    vectors = vectoriser.transform(texts)
    tasks = world.row_sampler(part).batch(0, episodes)
    hits = []
    for i in range(episodes):
        support, query = (vectors[split.x[i].numpy()] for split in tasks)
        member = torch.nn.functional.one_hot(tasks.support.y[i], world.ways).numpy()
        means = member.T @ support.toarray()
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        guesses = torch.from_numpy((query @ means.T).argmax(1))
        hits.append((guesses == tasks.query.y[i]).float().mean())
    return torch.stack(hits)
