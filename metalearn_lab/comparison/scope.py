"""Does a desk know what it does not know? Heads beside each other on domains held out whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.comparison.untrained import whitening
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.evaluation.nearest_cosines import nearest_cosines
from metalearn_lab.experiments.desk import threshold_that_accepts
from metalearn_lab.experiments.desk_training import (
    ACCEPTED,
    WAYS,
    desk_episodes,
    train_proto_net,
)
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.types import Split, Task

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED_SCOPE = Path(__file__).parent / "scope.csv"
SAVED_SEARCH = Path(__file__).parent / "desk_search.csv"
PENALTY, SHRINKAGE = 1.0, 1.0
"""Of ridge regression and of whitening: not tuned."""

Scores = Callable[[Split, Tensor], Tensor]
"""From supports and queries of episodes to scores ``[episodes, queries, ways]``."""

HOME_DOMAINS = {
    "timers": "Timer",
    "media": "Media|Volume",
    "lights": "Light|/light",
    "openings": "/cover|/lock|/valve",
    "climate": "Climate|Fan|/fan|Weather",
    "others": "",
}
"""By domain of the bundled intents, what stands in their names; the first that fits."""


class Domains(NamedTuple):
    """Classes of each part; no part shares a domain with another.

    Attributes:
        train: to meta-train on.
        validation: two sets, of intents that a desk knows and of such that it does not.
        test: the same, for the report.
    """

    train: tuple[int, ...]
    validation: tuple[tuple[int, ...], tuple[int, ...]]
    test: tuple[tuple[int, ...], tuple[int, ...]]


def home_domains(classes: Sequence[str]) -> list[str]:
    """The domain of each of the bundled intents."""
    return [next(d for d, part in HOME_DOMAINS.items() if re.search(part, c)) for c in classes]


def split_domains(domains: Sequence[str], seed: int) -> Domains:
    """Deal whole domains: one or two each for knowing and not knowing, the rest to train on.

    Args:
        domains: of each class; five at least. A fifth of them, and at least one, goes to each
            part of test; one to each part of validation.
        seed: another seed deals other domains.

    Raises:
        ValueError: fewer than five domains.
    """
    names = sorted(set(domains))
    if len(names) < 5:
        raise ValueError(f"five domains or more can be held out from each other, got {len(names)}")
    order = torch.randperm(len(names), generator=generator("domains", seed)).tolist()
    test = len(names) // 5
    ends = (1, 2, 2 + test, 2 + 2 * test, len(names))
    parts = []
    for first, end in zip((0, *ends), ends, strict=False):
        chosen = {names[i] for i in order[first:end]}
        parts.append(tuple(i for i, domain in enumerate(domains) if domain in chosen))
    known, unknown, test_known, test_unknown, train = parts
    return Domains(train, (known, unknown), (test_known, test_unknown))


class Scope(NamedTuple):
    """Episodes whose queries are partly of intents that the desk does not know.

    Attributes:
        known: the episodes, a batch.
        unknown: query vectors of other domains, ``[episodes, queries, dim]``.
    """

    known: Task
    unknown: Tensor


def scope_of(
    table: LabelledTable,
    vectors: Tensor,
    parts: tuple[Sequence[int], Sequence[int]],
    episodes: int,
    name: str,
) -> Scope:
    """Episodes of known intents, each with as many sentences of unknown ones.

    Args:
        table: the labelled sentences.
        vectors: theirs, ``[rows, dim]``.
        parts: classes that are known, and that are not.
        episodes: how many.
        name: of the stream of episodes.
    """
    known, unknown = (desk_episodes(table, vectors, c, f"{name} {i}") for i, c in enumerate(parts))
    return Scope(known.batch(0, episodes), unknown.batch(0, episodes).query.x)


def heads(
    table: LabelledTable,
    vectors: Tensor,
    train: Sequence[int],
    seed: int,
    iterations: int = 200,
) -> dict[str, Scores]:
    """What may decide, by name; a sentence is in scope if its best score is high.

    Args:
        table: the labelled sentences.
        vectors: theirs, ``[rows, dim]``, of length 1.
        train: classes to train on.
        seed: of the training.
        iterations: its outer steps.
    """
    labels = torch.tensor(table.labels)
    learner = train_proto_net(desk_episodes(table, vectors, train, f"train {seed}"), iterations)
    classes = [vectors.cpu().double()[labels == c] for c in train]
    centre, white = torch.cat(classes).mean(0).to(vectors), whitening(classes, SHRINKAGE)
    return {
        "class means": partial(cosines, lambda x: x),
        "class means, centred": partial(cosines, lambda x: x - centre),
        "class means, whitened": partial(cosines, lambda x: white(x.cpu().double()).to(x)),
        "nearest sentence": nearest,
        "ridge": ridge_scores,
        "ProtoNet, distance": partial(proto_scores, learner),
        "ProtoNet, softmax": lambda support, x: proto_scores(learner, support, x).softmax(2),
    }


def cosines(features: Callable[[Tensor], Tensor], support: Split, x: Tensor) -> Tensor:
    """Cosines of features with each class mean."""
    return class_mean_cosines(features(support.x), support.y, features(x), WAYS)


def nearest(support: Split, x: Tensor) -> Tensor:
    """Cosines with the nearest sentence of each class."""
    return nearest_cosines(support.x, support.y, x, WAYS)


def ridge_scores(support: Split, x: Tensor) -> Tensor:
    """Outputs of ridge regression on the classes."""
    targets = F.one_hot(support.y, WAYS).to(support.x)
    fit = torch.vmap(ridge, in_dims=(0, 0, None))
    return x @ fit(support.x, targets, torch.tensor(PENALTY).to(targets))


@torch.no_grad()
def proto_scores(learner: ProtoNet, support: Split, x: Tensor) -> Tensor:
    """−‖f(x) − p_c‖²."""
    [adapted] = learner.adapt(support, 0)
    return learner.predict(adapted, x)


def judge(heads: Mapping[str, Scores], validation: Scope, test: Scope) -> DataFrame:
    """How well each head decides, in per cent; its threshold is that of the validation domains.

    Columns: ``accuracy`` among known intents, whatever the threshold; ``auroc``, the share of
    pairs of a known and an unknown sentence that are in the right order; ``accepted``, of known
    sentences; ``refused``, of unknown ones.
    """
    import pandas as pd
    from sklearn.metrics import roc_auc_score

    rows = []
    for name, scores in heads.items():
        usual = scores(validation.known.support, validation.known.query.x).amax(2)
        bar = threshold_that_accepts(usual.flatten(), ACCEPTED)
        known = scores(test.known.support, test.known.query.x)
        unknown = scores(test.known.support, test.unknown).amax(2)
        best = known.amax(2)
        aurocs = [
            roc_auc_score([1] * len(k) + [0] * len(u), torch.cat([k, u]).tolist())
            for k, u in zip(best, unknown, strict=True)
        ]
        right = known.argmax(2) == test.known.query.y
        shares = {
            "accuracy": right.float().mean().item(),
            "auroc": sum(aurocs) / len(aurocs),
            "accepted": (best >= bar).float().mean().item(),
            "refused": (unknown < bar).float().mean().item(),
        }
        rows.append({"head": name, **{column: 100 * share for column, share in shares.items()}})
    return pd.DataFrame(rows)
