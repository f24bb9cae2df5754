"""A classifier fitted to a prior over small tables, beside those that fit each table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from metalearn_lab.learners.prior_fitted import PriorFitted
from metalearn_lab.models.context_transformer import ContextTransformer
from metalearn_lab.tasks.small_tables import SmallTables
from metalearn_lab.tasks.types import Split
from metalearn_lab.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

NDArray = np.ndarray[Any, Any]

PRIOR = SmallTables(features=8, classes=3, rows=(8, 128), queries=32)
"""What it is trained on."""

SIZES = {"dim": 64, "layers": 3, "heads": 4, "hidden": 128}
"""Of its Transformer."""


def new_classifier(seed: int = 0) -> PriorFitted:
    """Untrained."""
    model = ContextTransformer(PRIOR.features, PRIOR.classes, PRIOR.classes, **SIZES, seed=seed)
    return PriorFitted(model, classes=PRIOR.classes, mapping="vmap")


def save_classifier(path: Path, learner: PriorFitted, about: Mapping[str, Any]) -> None:
    """Write the weights, with a description beside them.

    Raises:
        CheckpointError: they cannot be written.
    """
    save_checkpoint(path, Checkpoint(dict(about), {}, learner.state_dict()))


def load_classifier(path: Path) -> tuple[PriorFitted, dict[str, Any]]:
    """A trained classifier, and how it was trained: prior, sizes, steps, CPU seconds, versions.

    Raises:
        CheckpointError: there is none, or it is damaged.
    """
    learner, kept = new_classifier(), load_checkpoint(path)
    learner.load_state_dict(kept.tensors)
    return learner, kept.description


def small_tables() -> dict[str, tuple[NDArray, NDArray]]:
    """Five tables with two or three classes that come with scikit-learn: columns and labels.

    Of the digits there are 0, 1 and 2; diabetes is labelled by whether the disease went on faster
    than in the median patient.
    """
    from sklearn.datasets import (
        load_breast_cancer,
        load_diabetes,
        load_digits,
        load_iris,
        load_wine,
    )

    loaders = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer}
    tables = {name: load(return_X_y=True) for name, load in loaders.items()}
    x, y = load_diabetes(return_X_y=True)
    tables["diabetes"] = x, (y > np.median(y)).astype(int)
    x, y = load_digits(return_X_y=True)
    tables["digits 0 to 2"] = x[y < 3], y[y < 3]
    return tables


def reduced(train: NDArray, test: NDArray) -> tuple[NDArray, NDArray]:
    """Columns as the prior has them: eight at most, standardised by the training rows.

    More columns are replaced by their first eight principal components; fewer are filled up by 0.
    """
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    most = PRIOR.features
    columns: list[Any] = [StandardScaler()]
    if train.shape[1] > most:
        columns += [PCA(most, random_state=0), StandardScaler()]
    for each in columns:
        train, test = each.fit_transform(train), each.transform(test)
    missing = ((0, 0), (0, most - train.shape[1]))
    return np.pad(train, missing).clip(-5, 5), np.pad(test, missing).clip(-5, 5)


class InContext:
    """The trained network as a classifier of scikit-learn's form: ``fit`` only keeps the rows."""

    def __init__(self, learner: PriorFitted) -> None:
        self.learner = learner

    def fit(self, x: NDArray, y: NDArray) -> InContext:
        """Keep rows and labels."""
        rows = torch.tensor(x, dtype=torch.float32)[None], torch.tensor(y)[None]
        [self.weights] = self.learner.adapt(Split(*rows), 0)
        self.classes = np.unique(y)
        return self

    def predict_proba(self, x: NDArray) -> NDArray:
        """Probabilities of the classes that the rows have, ``[items, classes]``."""
        scores = self.learner.predict(self.weights, torch.tensor(x, dtype=torch.float32)[None])[0]
        return scores[:, self.classes].softmax(-1).numpy()


def rivals(seed: int = 0) -> dict[str, Any]:
    """Classifiers that fit each table, each with the best of three settings by inner folds."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.neighbors import KNeighborsClassifier

    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    grids = {
        "logistic regression": (LogisticRegression(max_iter=2000), {"C": [0.1, 1, 10]}),
        "nearest neighbours": (KNeighborsClassifier(), {"n_neighbors": [3, 5, 9]}),
        "gradient boosting": (
            GradientBoostingClassifier(max_depth=2, random_state=seed),
            {"n_estimators": [20, 50, 100]},
        ),
    }
    return {
        name: GridSearchCV(model, grid, cv=folds, scoring="neg_log_loss")
        for name, (model, grid) in grids.items()
    }


def cross_validated(
    classifiers: Mapping[str, Any], x: NDArray, y: NDArray, *, repeats: int = 1, seed: int = 0
) -> list[dict[str, Any]]:
    """Every classifier on the same reduced folds, five for each repeat: a row for each of both.

    Args:
        classifiers: by name, with ``fit`` and ``predict_proba``.
        x: columns, ``[rows, columns]``.
        y: labels 0, 1, …, ``[rows]``.
        repeats: times that the rows are dealt into folds.
        seed: of the folds, and of the training rows that are kept where there are more than the
            prior has.

    Returns:
        Rows with the fold's number, the classifier's name, its accuracy in per cent, and its mean
        negative log-likelihood in nats.
    """
    from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split

    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=repeats, random_state=seed)
    most, rows = PRIOR.rows[1], []
    for fold, (train, test) in enumerate(folds.split(x, y)):
        kept = train
        if len(train) > most:
            kept, _ = train_test_split(train, train_size=most, stratify=y[train], random_state=seed)
        known, asked = reduced(x[kept], x[test])
        for name, classifier in classifiers.items():
            probabilities = classifier.fit(known, y[kept]).predict_proba(asked)
            of_label = probabilities[np.arange(len(test)), y[test]]
            rows.append(
                {
                    "fold": fold,
                    "classifier": name,
                    "accuracy": 100 * (probabilities.argmax(1) == y[test]).mean(),
                    "surprise": -np.log(of_label.clip(1e-6)).mean(),
                }
            )
    return rows
