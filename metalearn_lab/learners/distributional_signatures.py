"""Distributional signatures: learn which words count, from how words are distributed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional as F

from metalearn_lab.learners.closed_form import class_columns
from metalearn_lab.learners.learner import TaskSource
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.ridge_head import RidgeHead, ridge
from metalearn_lab.learners.settings import whole_number
from metalearn_lab.models.text_encoder import shares_of_tokens
from metalearn_lab.models.word_attention import WordAttention
from metalearn_lab.running.model_checks import recomputing_refused
from metalearn_lab.running.per_task import Loss, Trajectory, Weights
from metalearn_lab.tasks.types import Split, Task

TaskImportance = Literal["inverse entropy", "largest score"]


class DistributionalSignatures(RidgeHead):
    """A ridge head on Σ_i a_i v_i, where the attention a reads two statistics of each word x.

    - general importance s(x) = ε / (ε + P(x)), with P the share of x among all words of the
      training classes. A word that is rare there may be a word that tells classes apart.
    - task importance t(x) = 1 / H(P(y | x)), with H the entropy of the classes that a linear
      classifier of the task gives for the vector of x alone. A word that points to one class has
      a low entropy.

    ``adapt`` gives s and t of every word as ``signatures [vocabulary, 2]`` and the head as
    ``ridge``. Words themselves do not reach the attention, so what it learns holds for new words.

    The classes of a training episode must not count in P, for test classes do not either. So
    ``training_batch`` puts a mark in front of each support sentence: −1 − c says that it comes
    from class c, whose counts are then left out. Nothing else reads the marks, and query sentences
    have none. Where no sentence has a mark, the whole pool counts.

    Departures: the classifier behind t is a ridge regression on the mean word vectors of the
    support, as in the released script, and a softmax turns its scores into P(y | x). P stays close
    to uniform: on eight 5-way 1-shot tasks of the embedded sentences with fixed random vectors, t
    lay between 0.62, which is 1 / log 5, and 0.72. The paper takes trained word vectors and keeps
    them fixed. None come with this package: give your own, fixed random ones, or let them be
    learned; then the gradient goes through t too. ``RidgeHead`` learns its scale itself, the
    released code the logarithm of it.

    Args:
        model: word vectors and the attention generator.
        loss: of scores ``[items, ways]`` and labels, e.g. ``F.cross_entropy``.
        ways: N, 2 or more.
        word_counts: how often each word occurs in each class of the pool, ``[classes,
            vocabulary]``, as ``tasks.text_features.word_counts`` gives it: 0 for classes that are
            not trained on.
        epsilon: ε. The larger it is, the more a frequent word still counts.
        task_importance: ``"inverse entropy"`` as in the paper's equation, or ``"largest score"``,
            t(x) = max_y the absolute score of y, as the released script runs it.
        classifier_regularisation: λ of the classifier behind t, which is not learned.
        regularisation: where λ of the head begins.
        settings: the other arguments of ``Learner``.

    Raises:
        TypeError: the model is no ``WordAttention``.
        ValueError: a setting is out of range, or the counts are not of the model's words.

    Source: Bao, Wu, Chang and Barzilay, "Few-shot Text Classification with Distributional
    Signatures", ICLR 2020 (arXiv 1908.06039); the head as in ``RidgeHead``.
    """

    title = "distributional signatures"
    line = Line("#000c18", (0, (1, 2, 9, 9, 5, 5)), "<")

    signatures_name = "signatures"
    checked_settings = (
        *(*RidgeHead.checked_settings, "ways", "epsilon", "task_importance"),
        "classifier_regularisation",
    )
    model: WordAttention
    word_counts: Tensor

    def __init__(
        self,
        model: WordAttention,
        loss: Loss,
        *,
        ways: int,
        word_counts: Tensor,
        epsilon: float = 1e-3,
        task_importance: TaskImportance = "inverse entropy",
        classifier_regularisation: float = 1.0,
        regularisation: float = 0.1,
        **settings: Any,
    ) -> None:
        self.epsilon = epsilon
        self.task_importance = task_importance
        self.classifier_regularisation = classifier_regularisation
        super().__init__(model, loss, ways=ways, regularisation=regularisation, **settings)
        _check_counts(word_counts, len(model.vectors))
        self.register_buffer("word_counts", word_counts.to(model.vectors))

    def check(self) -> None:
        """Refuse settings that are out of range, and a model of other words."""
        if not isinstance(self.model, WordAttention):
            raise TypeError(
                "the model must be a WordAttention, whose attention reads the signatures of the "
                f"words; got {type(self.model).__name__}"
            )
        super().check()
        self.check_added([self.signatures_name])
        whole_number(self.ways, 2, "an entropy needs 2 ways or more")
        for name in ("epsilon", "classifier_regularisation"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a positive number, got {getattr(self, name)}")
        if self.task_importance not in get_args(TaskImportance):
            raise ValueError(
                f"unknown task_importance {self.task_importance!r}: use one of "
                f"{', '.join(get_args(TaskImportance))}"
            )
        if "word_counts" in self._buffers:
            _check_counts(self.word_counts, len(self.model.vectors))

    def training_batch(self, source: TaskSource, first: int, count: int) -> Task:
        """Training episodes whose support sentences say of which class of the pool they are."""
        (support, query), classes = source.batch_with_classes(first, count)  # type: ignore[attr-defined]
        marks = -1 - classes.to(support.y.device).gather(1, support.y)
        return Task(Split(torch.cat([marks.unsqueeze(-1), support.x], -1), support.y), query)

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ with the signatures of the task's words and its head, which are there at once."""
        theta = self.weights()
        vectors = theta["vectors"]
        classes = class_columns(support.y, self.ways, vectors)
        theta = {**theta, self.signatures_name: self.signatures(vectors, support.x, classes)}
        head = self.solution(self.call(theta, support.x), classes)
        return [{**theta, self.solution_name: head}] * (steps + 1)

    def signatures(self, vectors: Tensor, ids: Tensor, classes: Tensor) -> Tensor:
        """The statistics s and t of every word in a task, ``[vocabulary, 2]``.

        Args:
            vectors: of the words, ``[vocabulary, dim]``.
            ids: of the support sentences, ``[items, length]``.
            classes: ``[items, ways]``, 1 in an item's own class.
        """
        words = ids.clamp(min=0)
        shares = shares_of_tokens(words, vectors.dtype)
        means = (F.embedding(words, vectors) * shares.unsqueeze(-1)).sum(-2)
        strength = vectors.new_tensor(self.classifier_regularisation)
        scores = vectors @ ridge(means, classes, strength)
        is_entropy = self.task_importance == "inverse entropy"
        t = inverse_entropy(scores) if is_entropy else largest_score(scores)
        s = self.epsilon / (self.epsilon + self.word_shares(ids))
        return torch.stack([s, t], dim=-1)

    def word_shares(self, ids: Tensor) -> Tensor:
        """P(x) ``[vocabulary]``, over the pool without the classes that the sentences mark."""
        classes = torch.arange(len(self.word_counts), device=ids.device)
        is_marked = (ids.flatten()[:, None] == -1 - classes).any(0)
        counts = (~is_marked).to(self.word_counts) @ self.word_counts
        return counts / counts.sum().clamp(min=1)

    def call(self, weights: Weights, x: Tensor) -> Tensor:
        """Scores ``[items, ways]`` of one task; features where there is no head yet."""
        added = (self.signatures_name, self.solution_name)
        theta = {name: weight for name, weight in weights.items() if name not in added}
        with recomputing_refused():
            features = functional_call(self.model, theta, (x, weights.get(self.signatures_name)))
        if self.solution_name not in weights:
            return features
        return self.scores(features, weights[self.solution_name])


def inverse_entropy(scores: Tensor) -> Tensor:
    """1 / H of the softmax over the last axis; from 1 / log N for a word that tells nothing."""
    log_shares = scores.log_softmax(-1)
    return -1 / (log_shares.exp() * log_shares).sum(-1)


def largest_score(scores: Tensor) -> Tensor:
    """The largest size of a score over the last axis."""
    return scores.abs().amax(-1)


@dataclass(frozen=True)
class ReleasedSettings:
    """What the released code runs for 5-way 1-shot text (``bin/our.sh`` and defaults).

    Every number is from https://github.com/YujiaBao/Distributional-Signatures, in the file named.
    The paper's formula for t is the inverse entropy, which that script does not switch on.

    Attributes:
        ways: N (``bin/our.sh``).
        shots: K (``bin/our.sh``).
        queries: query items a class (``bin/our.sh``).
        epsilon: ε (``src/dataset/stats.py``).
        task_importance: t (``src/embedding/meta.py`` without ``--meta_target_entropy``).
        classifier_regularisation: λ of the classifier behind t (``src/main.py``).
        regularisation: where λ of the head begins, 10⁻¹ (``src/classifier/r2d2.py``).
        hidden: units of each direction of the LSTM (``src/embedding/meta.py``).
        dropout: before its last layer (``src/main.py``).
        outer_lr: of Adam (``src/main.py``).
        meta_batch: episodes of an outer step (``src/train/regular.py``).
        validate_every: episodes between two validations (``src/main.py``).
        patience: validations without a better one after which training stops (``src/main.py``).
        test_episodes: unseen-class episodes of a score (``src/main.py``).
    """

    ways: int = 5
    shots: int = 1
    queries: int = 25
    epsilon: float = 1e-5
    task_importance: TaskImportance = "largest score"
    classifier_regularisation: float = 1.0
    regularisation: float = 0.1
    hidden: int = 25
    dropout: float = 0.1
    outer_lr: float = 1e-3
    meta_batch: int = 1
    validate_every: int = 100
    patience: int = 20
    test_episodes: int = 1000


RELEASED = ReleasedSettings()


def _check_counts(counts: Tensor, vocabulary: int) -> None:
    if counts.ndim != 2 or counts.shape[1] != vocabulary:
        raise ValueError(
            f"word_counts must be [classes, vocabulary] with the model's {vocabulary} words, got "
            f"{list(counts.shape)}"
        )
    if not (counts.isfinite().all() and (counts >= 0).all()):
        raise ValueError("word_counts must be 0 or more everywhere: count words, see word_counts")
