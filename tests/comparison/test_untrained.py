"""What is not trained against plain loops, scikit-learn and numpy, on sparse vectors and dense."""

from collections import Counter, defaultdict
from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from metalearn_lab.comparison import untrained as module
from metalearn_lab.comparison.untrained import (
    centred_mean,
    logistic_regression,
    nearest_class_mean,
    ridge_regression,
    tf_idf,
    tf_idf_tasks,
    whitened_mean,
)
from metalearn_lab.comparison.world import ENCODER, TF_IDF, World
from metalearn_lab.evaluation.frozen_class_means import frozen_class_means
from metalearn_lab.tasks.seeds import generator

EPISODES = 12
PENALTIES = (1e-4, 0.03, 10.0)


def tf_idf_by_hand(world):
    """Weights by n-gram of every row: (1 + log count) × (1 + log((1 + n) / (1 + df)))."""
    grams = [
        Counter(
            f" {word} "[i : i + size]
            for word in text.lower().split()
            for size in (2, 3)
            for i in range(len(word) + 3 - size)
        )
        for text in world.table.texts
    ]
    labels = world.table.labels
    known = [g for g, label in zip(grams, labels, strict=True) if label in world.classes.train]
    documents = Counter(ngram for each in known for ngram in each)
    return [
        {
            ngram: (1 + log(count)) * (1 + log((1 + len(known)) / (1 + documents[ngram])))
            for ngram, count in each.items()
        }
        for each in grams
    ]


def cosine(a, b):
    product = sum(value * b.get(ngram, 0.0) for ngram, value in a.items())
    return product / (sum(v * v for v in a.values()) * sum(v * v for v in b.values())) ** 0.5


def dense(world, ngrams=(2, 3)):
    """The vectors of a world, one a row, with the n-grams that no text has left out."""
    if world.representation == ENCODER:
        return world.inputs.double().numpy()
    vectors = tf_idf(world, ngrams)
    return vectors[:, np.unique(vectors.indices)].toarray()


def episodes_of(world, part="test"):
    """Support rows, support labels, query rows and query labels of each episode."""
    for index in range(EPISODES):
        drawn = world.row_sampler(part).episode(index)
        (_, y), (_, truth) = drawn.task
        yield drawn.support_rows.numpy(), y.numpy(), drawn.query_rows.numpy(), truth.numpy()


@pytest.fixture(params=[TF_IDF, ENCODER])
def case(request, represented):
    """A world and the settings that its vectors take."""
    return represented[request.param], {"ngrams": (2, 3)} if request.param == TF_IDF else {}


def test_the_nearest_mean_of_tf_idf_equals_a_plain_loop(represented):
    """Cosine to the mean of the unit support vectors, without hashing or sparse algebra."""
    world = represented[TF_IDF]
    vectors, expected = tf_idf_by_hand(world), []
    for support_rows, labels, query_rows, truths in episodes_of(world):
        means = [defaultdict(float) for _ in range(world.ways)]
        for support, label in zip(support_rows, labels, strict=True):
            length = sum(value * value for value in vectors[support].values()) ** 0.5
            for ngram, value in vectors[support].items():
                means[label][ngram] += value / length
        right = 0
        for row, truth in zip(query_rows, truths, strict=True):
            cosines = [cosine(vectors[row], mean) for mean in means]
            right += cosines.index(max(cosines)) == truth
        expected.append(right / len(query_rows))
    found = nearest_class_mean(world, "test", EPISODES, ngrams=(2, 3))
    assert found.tolist() == pytest.approx(expected)


def test_the_cosines_of_tf_idf_are_those_by_hand(represented):
    """Also where an n-gram stands three times in a sentence."""
    world = represented[TF_IDF]
    texts = tuple(f"{text} so so so"[: 12 + row % 30] for row, text in enumerate(world.table.texts))
    world = replace(world, table=replace(world.table, texts=texts))
    rows = range(0, len(texts), 9)
    by_hand, vectors = tf_idf_by_hand(world), tf_idf(world, (2, 3))[rows]
    expected = [[cosine(by_hand[i], by_hand[j]) for j in rows] for i in rows]
    np.testing.assert_allclose((vectors @ vectors.T).toarray(), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_the_nearest_mean_of_dense_vectors_equals_a_plain_loop(represented, part):
    world, expected = represented[ENCODER], []
    x = dense(world)
    for support, y, query, truth in episodes_of(world, part):
        means = [x[support[y == way]].mean(0) for way in range(world.ways)]
        cosines = [[m @ q / np.linalg.norm(m) for m in means] for q in x[query]]
        expected.append(np.mean(np.argmax(cosines, 1) == truth))
    assert nearest_class_mean(world, part, EPISODES).tolist() == pytest.approx(expected)
    assert 1 / 3 < np.mean(expected) < 1


@pytest.mark.parametrize("penalty", PENALTIES)
def test_ridge_regression_is_scikit_learns(case, penalty):
    world, settings = case
    x, expected = dense(world), []
    for support, y, query, truth in episodes_of(world):
        targets = np.eye(world.ways)[y] - 1 / world.ways
        model = Ridge(alpha=penalty, fit_intercept=False, tol=1e-10).fit(x[support], targets)
        expected.append(np.mean(model.predict(x[query]).argmax(1) == truth))
    found = ridge_regression(world, "test", EPISODES, penalty=penalty, **settings)
    assert found.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_logistic_regression_is_scikit_learns(case, penalty):
    """Features are first shifted by the support's mean and divided by its mean length."""
    world, settings = case
    x, expected = dense(world), []
    for support, y, query, truth in episodes_of(world):
        shift = x[support].mean(0)
        length = np.linalg.norm(x[support] - shift, axis=1).mean()
        model = LogisticRegression(C=1 / (2 * penalty * len(support)), tol=1e-9, max_iter=10_000)
        model.fit((x[support] - shift) / length, y)
        expected.append(model.score((x[query] - shift) / length, truth))
    found = logistic_regression(world, "test", EPISODES, penalty=penalty, **settings)
    assert found.tolist() == pytest.approx(expected)


def test_episodes_of_tf_idf_have_the_products_of_the_sparse_vectors(represented):
    world = represented[TF_IDF]
    vectors = tf_idf(world, (2, 4))
    tasks = tf_idf_tasks(world, "test", 5, (2, 4))
    rows = world.row_sampler("test").batch(0, 5)
    for split, own in zip(tasks, rows, strict=True):
        assert torch.equal(split.y, own.y)
    for i in range(5):
        points = torch.cat([tasks.support.x[i], tasks.query.x[i]])
        r = torch.cat([rows.support.x[i], rows.query.x[i]]).numpy()
        expected = torch.from_numpy((vectors[r] @ vectors[r].T).toarray())
        torch.testing.assert_close(points @ points.T, expected, rtol=0, atol=1e-10)
        torch.testing.assert_close(points.norm(dim=1), torch.ones(len(r)).double())


def test_sentences_alike_have_points_alike(represented):
    """A product that is not of full rank, whose smallest values are negative by rounding."""
    products = np.ones((4, 4))
    points = module._points(products)
    torch.testing.assert_close(points @ points.T, torch.from_numpy(products))
    assert points.isfinite().all()


def test_tf_idf_is_weighed_by_the_training_classes_alone(represented):
    world = represented[TF_IDF]
    texts, labels = world.table.texts, world.table.labels
    train = world.classes.train
    turned = dict(zip(train, train[1:] + train[:1], strict=True))
    renamed = replace(world.table, labels=tuple(turned.get(each, each) for each in labels))
    assert (tf_idf(replace(world, table=renamed), (2, 3)) != tf_idf(world, (2, 3))).nnz == 0

    def changed_where_only_these_keep_their_sentences(classes):
        own = [label in classes for label in labels]
        kept = (t if k else "quite another one" for t, k in zip(texts, own, strict=True))
        other = replace(world, table=replace(world.table, texts=tuple(kept)))
        return (tf_idf(other, (2, 3))[own] != tf_idf(world, (2, 3))[own]).nnz

    assert changed_where_only_these_keep_their_sentences(train) == 0
    assert changed_where_only_these_keep_their_sentences(world.classes.test) > 0


@pytest.fixture
def whitened(represented, monkeypatch):
    """The features that the nearest mean is taken of, by shrinkage."""
    world, seen = represented[ENCODER], []
    sampler = World.sampler
    monkeypatch.setattr(World, "sampler", lambda *a, **k: seen.append(a[2]) or sampler(*a, **k))

    def features(shrinkage, own=world):
        accuracy = whitened_mean(own, "test", EPISODES, shrinkage=shrinkage)
        return seen.pop(), accuracy

    return features


def within_covariance(x, world):
    """Of the training classes, each about its mean; and the mean of these means."""
    labels = np.array(world.table.labels)
    classes = [x[labels == c] for c in world.classes.train]
    apart = np.concatenate([each - each.mean(0) for each in classes])
    return apart.T @ apart / len(apart), np.mean([each.mean(0) for each in classes], 0)


@pytest.mark.parametrize("shrinkage", [0.01, 1.0, 100.0])
def test_whitening_is_by_the_shrunk_covariance_within_training_classes(
    represented, whitened, shrinkage
):
    """By numpy: scalar products (x − c)ᵀ (Σ + s·mean(diag Σ)·I)⁻¹ (x' − c)."""
    world = represented[ENCODER]
    x = world.inputs.double().numpy()
    covariance, centre = within_covariance(x, world)
    shrunk = covariance + shrinkage * np.diag(covariance).mean() * np.eye(len(covariance))
    expected = (x - centre) @ np.linalg.solve(shrunk, (x - centre).T)
    features, _ = whitened(shrinkage)
    np.testing.assert_allclose(features @ features.T, expected, rtol=1e-8, atol=1e-8)


def test_without_shrinkage_the_training_classes_become_white(represented, whitened):
    world = represented[ENCODER]
    numbers = generator("noise in all directions")
    noise = 0.1 * torch.randn(world.inputs.shape, generator=numbers)
    features, _ = whitened(1e-12, replace(world, inputs=world.inputs + noise))
    covariance, centre = within_covariance(features.numpy(), world)
    np.testing.assert_allclose(covariance, np.eye(24), atol=1e-6)
    np.testing.assert_allclose(centre, 0, atol=1e-8)


def test_with_much_shrinkage_it_is_the_nearest_mean_of_centred_features(represented, whitened):
    world = represented[ENCODER]
    _, centre = within_covariance(world.inputs.double().numpy(), world)
    centred = world.inputs.double() - torch.from_numpy(centre)
    tasks = world.sampler("test", centred).batch(0, EPISODES)
    _, accuracy = whitened(1e9)
    assert torch.equal(accuracy, frozen_class_means(tasks, world.ways))
    assert not torch.equal(accuracy, whitened(1e-3)[1])


def test_centred_means_take_away_the_mean_of_the_training_classes_alone(represented):
    world = represented[ENCODER]
    trained_on = torch.isin(torch.tensor(world.table.labels), torch.tensor(world.classes.train))
    centred = world.inputs - world.inputs[trained_on].mean(0)
    tasks = world.sampler("test", centred).batch(0, EPISODES)
    expected = frozen_class_means(tasks, world.ways)
    found = centred_mean(world, "test", EPISODES)
    assert torch.equal(found, expected)
    far = replace(world, inputs=world.inputs + 3)  # a shift of all is taken away
    assert abs(centred_mean(far, "test", EPISODES) - found).mean() < 0.01
    assert not torch.equal(found, nearest_class_mean(far, "test", EPISODES))


def test_whitening_sees_no_class_but_those_of_training(represented, whitened):
    world = represented[ENCODER]
    trained_on = torch.isin(torch.tensor(world.table.labels), torch.tensor(world.classes.train))
    other = torch.where(trained_on[:, None], world.inputs, world.inputs.flip(1))
    expected = whitened(0.1)[0][trained_on]
    assert torch.equal(whitened(0.1, replace(world, inputs=other))[0][trained_on], expected)


def test_parts_and_numbers_of_episodes_are_those_asked_for(case):
    world, settings = case
    for method, more in (
        (nearest_class_mean, {}),
        (ridge_regression, {"penalty": 0.1}),
        (logistic_regression, {"penalty": 0.1}),
    ):
        few, many = (method(world, "test", n, **more, **settings) for n in (3, 6))
        assert torch.equal(few, many[:3])
        assert many.shape == (6,)
