"""Methods that train nothing: classifiers on features as they are, TF-IDF or a frozen encoder's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.comparison.world import World
from metalearn_lab.evaluation.converged_probe import fit_probe
from metalearn_lab.evaluation.frozen_class_means import frozen_class_means
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.tasks.types import Split, Task


def nearest_class_mean(world: World, part: str, episodes: int, **settings: Any) -> Tensor:
    """Accuracy of the nearest class mean by cosine on each episode, ``[episodes]``.

    Args:
        world: the class split and its episodes.
        part: ``"validation"`` or ``"test"``.
        episodes: how many, from the first.
        settings: of TF-IDF, the ``ngrams`` of ``tf_idf_tasks``; none on the encoder's vectors.
    """
    return frozen_class_means(_tasks(world, part, episodes, **settings), world.ways)


def ridge_regression(
    world: World, part: str, episodes: int, penalty: float, **settings: Any
) -> Tensor:
    """Accuracy of ridge regression on the classes of the support set; as ``nearest_class_mean``."""
    tasks = _tasks(world, part, episodes, **settings)
    targets = F.one_hot(tasks.support.y, world.ways).to(tasks.support.x)
    fit = torch.vmap(ridge, in_dims=(0, 0, None))
    weights = fit(tasks.support.x, targets, torch.tensor(penalty).to(targets))
    return ((tasks.query.x @ weights).argmax(2) == tasks.query.y).float().mean(1)


def logistic_regression(
    world: World, part: str, episodes: int, penalty: float, **settings: Any
) -> Tensor:
    """Accuracy of logistic regression on the support set, converged; as ``nearest_class_mean``."""
    tasks = _in_few_numbers(_tasks(world, part, episodes, **settings))
    return fit_probe(tasks, world.ways, penalty).accuracy


def centred_mean(world: World, part: str, episodes: int) -> Tensor:
    """The nearest class mean after the mean of the training classes' sentences is taken away.

    CL2N of Wang et al. 2019 (SimpleShot). No label is used; see ``nearest_class_mean``.
    """
    trained_on = torch.isin(torch.tensor(world.table.labels), torch.tensor(world.classes.train))
    centred = world.inputs - world.inputs[trained_on.to(world.inputs.device)].mean(0)
    return frozen_class_means(world.sampler(part, centred).batch(0, episodes), world.ways)


def whitened_mean(world: World, part: str, episodes: int, shrinkage: float) -> Tensor:
    """The nearest mean of features that are white within the training classes.

    Features are centred, then multiplied by (Σ + s·mean(diag Σ)·I)^(−1/2), where Σ is their
    covariance within the training classes. A closed form of the training classes' labels.

    Args:
        world: as in ``nearest_class_mean``.
        part: as there.
        episodes: as there.
        shrinkage: s.
    """
    inputs, labels = world.inputs.cpu().double(), torch.tensor(world.table.labels)
    white = whitening([inputs[labels == c] for c in world.classes.train], shrinkage)
    return frozen_class_means(world.sampler(part, white(inputs)).batch(0, episodes), world.ways)


def whitening(classes: Sequence[Tensor], shrinkage: float) -> Callable[[Tensor], Tensor]:
    """Makes features white within classes, see ``whitened_mean``.

    Args:
        classes: the features of each, ``[items, dim]``; on the CPU, whose precision is needed.
        shrinkage: s.

    Returns:
        A function of features ``[..., dim]`` of their number type.
    """
    within = torch.cat([features - features.mean(0) for features in classes])
    covariance = within.T @ within / len(within)
    values, vectors = torch.linalg.eigh(covariance)
    roots = (values.clamp_min(0) + shrinkage * values.mean()).sqrt()
    centre = torch.stack([features.mean(0) for features in classes]).mean(0)
    return lambda features: (features - centre) @ vectors / roots


def tf_idf_tasks(world: World, part: str, episodes: int, ngrams: Sequence[int]) -> Task:
    """Episodes of TF-IDF vectors, ``x [episodes, items, items]``: points with their products.

    All that a linear classifier asks of an episode's vectors are their scalar products, so as
    many coordinates as there are items do.

    Args:
        world: gives the texts, and the training classes that weigh the n-grams.
        part: of the classes.
        episodes: how many, from the first.
        ngrams: the shortest and longest n-gram in characters.
    """
    tasks = world.row_sampler(part).batch(0, episodes)
    support, query = (split.x for split in tasks)
    vectors, rows = tf_idf(world, ngrams), torch.cat([support, query], 1).numpy()
    points = torch.stack([_points((vectors[r] @ vectors[r].T).toarray()) for r in rows])
    items = support.shape[1]
    of_support, of_query = points[:, :items], points[:, items:]
    return Task(Split(of_support, tasks.support.y), Split(of_query, tasks.query.y))


def tf_idf(world: World, ngrams: Sequence[int]) -> Any:
    """Sparse unit vectors ``[rows, 2^20]``.

    A sentence is its character n-grams (inside word boundaries, sublinear counts, unit length).
    The weights are inverse document frequencies over the *training classes'* sentences, without
    their labels. An n-gram that none of them holds counts as the rarest; hashing keeps it, where
    a fitted vocabulary would drop just the n-grams that tell new classes apart.
    """
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    counter = HashingVectorizer(
        analyzer="char_wb", ngram_range=tuple(ngrams), alternate_sign=False, norm=None
    )
    counts = counter.transform(world.table.texts)
    trained_on = torch.isin(torch.tensor(world.table.labels), torch.tensor(world.classes.train))
    weights = TfidfTransformer(sublinear_tf=True).fit(counts[trained_on.numpy()])
    return weights.transform(counts)


def _tasks(world: World, part: str, episodes: int, ngrams: Sequence[int] | None = None) -> Task:
    """Episodes of features: TF-IDF where n-grams are named, else the world's inputs."""
    if ngrams is not None:
        return tf_idf_tasks(world, part, episodes, ngrams)
    return world.sampler(part).batch(0, episodes)


def _points(products: Any) -> Tensor:
    """Points ``[items, items]`` with these scalar products: as good as vectors of any length."""
    values, vectors = torch.linalg.eigh(torch.from_numpy(products))
    points: Tensor = vectors * values.clamp_min(0).sqrt()
    return points


def _in_few_numbers(tasks: Task) -> Task:
    """The same tasks in as many coordinates as there are support items.

    What is at right angles to the support's span changes no score of weights within it.
    """
    support, query = (split.x.double() for split in tasks)
    axes = torch.linalg.qr(support.mT).Q
    return Task(Split(support @ axes, tasks.support.y), Split(query @ axes, tasks.query.y))
