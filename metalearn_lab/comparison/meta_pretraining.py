"""Pretraining on several kinds of language tasks, then K shots of a kind that was not there.

Kinds that need no labels: a hidden word is the class (``tasks.masked_words``), or the docstring
that a sentence comes from. With labels: intents. Every method trains one encoder, at equal steps
and about equally many sentences a step, and is judged in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.frozen_class_means import frozen_class_means
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.experiments.contrastive import contrastive_loss, dropped
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.leopard import Leopard
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.text_encoder import BagOfNgrams
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.class_splits import split_classes
from metalearn_lab.tasks.dealing import dealable_classes
from metalearn_lab.tasks.docstrings import HELD_OUT, TRAINING, authors, documents
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.masked_words import masked_word_table
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sources import load_table
from metalearn_lab.tasks.table import LabelledTable, Row, build_table
from metalearn_lab.tasks.text_features import hashed_ngrams
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train

if TYPE_CHECKING:
    from pandas import DataFrame, Series

BUCKETS, DIM, WAYS, LONGEST = 4096, 64, 5, 160
WORDS, DOCUMENTS, INTENTS, AUTHORS = "hidden words", "docstrings", "intents", "authors"
SELF_SUPERVISED = (WORDS, DOCUMENTS)
_SHOTS = {WORDS: (5, 5), DOCUMENTS: (1, 2), INTENTS: (5, 5)}  # K and Q of training tasks
_TASKS = 8  # of an outer step
_AT_ONCE = 400  # sentences of a step without tasks
_INNER: dict[str, Any] = {"inner_lr": 0.1, "inner_steps": 3}
UPPER = ("body.2.*", "head.*")
"""What inner steps move: the layer above the n-grams, and the head."""

SAVED_META_PRETRAINING = Path(__file__).parent / "meta_pretraining.csv"
"""What ``benchmarks/meta_pretraining.py`` gave."""


class UnitEncoder(nn.Module):
    """Mean of n-gram embeddings, normalised; a dense layer; a head that starts at zero.

    Embeddings start at random numbers times a weight for each n-gram. With inverse document
    frequencies for weights, the untrained encoder is a random projection of TF-IDF. The dense
    layer starts at a multiple of the identity.

    Args:
        ways: outputs of the head.
        weights: of the n-grams, ``[BUCKETS]``.
        seed: of the embeddings.
    """

    def __init__(self, ways: int, weights: Tensor, *, seed: int = 0) -> None:
        super().__init__()
        bag = BagOfNgrams(BUCKETS, DIM, seed=seed)
        bag.table.data *= weights[:, None]
        dense, self.head = nn.Linear(DIM, DIM), nn.Linear(DIM, ways)
        nn.init.eye_(dense.weight).data.mul_((10 / DIM) ** 0.5)  # squared lengths begin at 10
        for zero in (dense.bias, self.head.weight, self.head.bias):
            nn.init.zeros_(zero)
        self.body = nn.Sequential(bag, nn.LayerNorm(DIM, elementwise_affine=False), dense)

    def forward(self, ids: Tensor) -> Tensor:
        """Map n-gram ids ``[items, length]`` to scores ``[items, ways]``."""
        scores: Tensor = self.head(self.body(ids))
        return scores


@dataclass(frozen=True)
class Kinds:
    """The labelled tables by kind, their n-grams, and the training sentences.

    Attributes:
        tables: by kind.
        inputs: n-gram ids ``[rows, LONGEST]`` by kind.
        sentences: of the training authors, ``[sentences, LONGEST]``.
        weights: inverse document frequency of every n-gram in them, ``[BUCKETS]``.
    """

    tables: Mapping[str, LabelledTable]
    inputs: Mapping[str, Tensor]
    sentences: Tensor
    weights: Tensor

    def sampler(self, kind: str, part: str, shots: int, queries: int, seed: int) -> EpisodeSampler:
        """Episodes of a kind; the same seed gives the same class split.

        Args:
            kind: one of the tables.
            part: ``"train"``, ``"validation"`` or ``"test"``; ``"all"`` for every class.
            shots: K.
            queries: Q.
            seed: of the class split and the episodes.
        """
        table = self.tables[kind]
        usable = set(dealable_classes(table.labels, table.groups, shots=shots, queries=queries))
        every = range(len(table.classes))
        own = every if part == "all" else getattr(split_classes(table, seed=seed), part)
        return EpisodeSampler(
            self.inputs[kind],
            table.labels,
            ways=WAYS,
            shots=shots,
            queries=queries,
            classes=[number for number in own if number in usable],
            groups=table.groups,
            split=f"{kind} {part}",
            seed=seed,
        )


def kinds_of_tasks(device: torch.device | str = "cpu") -> Kinds:
    """Hidden words and docstrings of the training authors, intents, and held-out authors."""
    by_author = authors()
    sentences = [sentence for author in TRAINING for sentence in by_author[author]]
    tables = {
        WORDS: masked_word_table(sentences),
        DOCUMENTS: document_table(),
        INTENTS: load_table(source="embedded"),
        AUTHORS: build_table(
            [Row(text, name, text) for name in HELD_OUT for text in by_author[name][:400]],
            "sentences by author",
        ),
    }
    ids = ngrams(sentences).to(device)
    rows = torch.zeros(len(ids), BUCKETS, device=device).scatter_(1, ids, 1.0)
    weights = (len(ids) / (1 + rows.sum(0))).log()
    inputs = {kind: ngrams(table.texts).to(device) for kind, table in tables.items()}
    return Kinds(tables, inputs, ids, weights)


def ngrams(texts: Any) -> Tensor:
    """Ids of the three-character n-grams of texts, ``[texts, LONGEST]``."""
    ids = hashed_ngrams(texts, buckets=BUCKETS, sizes=(3,), longest=LONGEST)
    return F.pad(ids, (0, LONGEST - ids.shape[1]))


def document_table(least: int = 3, most: int = 6) -> LabelledTable:
    """Sentences of the training authors, with the docstring that they stand in as their class.

    Args:
        least: sentences of a docstring that stand in no earlier one, or it is left out.
        most: sentences that are taken of a docstring.
    """
    seen: set[str] = set()
    rows = []
    for author in TRAINING:
        for number, docstring in enumerate(documents()[author]):
            new = [sentence for sentence in dict.fromkeys(docstring) if sentence not in seen]
            seen.update(new)
            if len(new) >= least:
                rows += [Row(text, f"{author} {number}", text) for text in new[:most]]
    return build_table(rows, "sentences by docstring")


@dataclass(frozen=True)
class Pretraining:
    """What all methods share.

    Attributes:
        kinds: of tasks.
        mixture: the kinds that are trained on.
        steps: outer steps.
        outer_lr: β of Adam.
        seed: of weights, class splits and order.
    """

    kinds: Kinds
    mixture: tuple[str, ...]
    steps: int
    outer_lr: float
    seed: int

    @one_thread()
    def train(self, method: str) -> Leopard:
        """Train by a method of ``METHODS``; all are judged as the learner that this returns.

        Its ``model.body`` is the encoder. Where nothing generates heads, its g is the identity.
        """
        model = UnitEncoder(WAYS, self.kinds.weights.cpu(), seed=self.seed)
        learner = Leopard(model, F.cross_entropy, adapts=UPPER, **_INNER)
        learner.to(self.kinds.weights.device)
        METHODS[method](self, learner)
        return learner


def _encoder(learner: Leopard) -> nn.Module:
    assert isinstance(learner.model, UnitEncoder)
    return learner.model.body


def _untrained(run: Pretraining, learner: Leopard) -> None:
    """As it starts: a random projection of TF-IDF."""


def _multi_task(run: Pretraining, learner: Leopard) -> None:
    """A head for each kind over all of its training classes; a batch of each kind in turn."""
    body, kinds, numbers = _encoder(learner), run.kinds, generator("meta-pretraining", run.seed)
    where, rows, labels, heads = kinds.weights.device, {}, {}, nn.ModuleDict()
    for kind in run.mixture:
        own = torch.tensor(kinds.sampler(kind, "train", *_SHOTS[kind], run.seed).classes)
        label = torch.tensor(kinds.tables[kind].labels)
        rows[kind] = torch.isin(label, own).nonzero()[:, 0]
        labels[kind] = torch.searchsorted(own, label).to(where)
        heads[kind] = nn.Linear(DIM, len(own)).to(where)
        for zero in heads[kind].parameters():
            nn.init.zeros_(zero)
    optimizer = torch.optim.Adam([*body.parameters(), *heads.parameters()], run.outer_lr)
    for kind in islice(cycle(run.mixture), run.steps):
        chosen = rows[kind][torch.randint(len(rows[kind]), (_AT_ONCE,), generator=numbers)]
        scores = heads[kind](body(kinds.inputs[kind][chosen]))
        _step(optimizer, F.cross_entropy(scores, labels[kind][chosen]))


def _masked(run: Pretraining, learner: Leopard) -> None:
    """Multi-task training with one kind: which word was hidden."""
    _multi_task(replace(run, mixture=(WORDS,)), learner)


def _contrastive(run: Pretraining, learner: Leopard) -> None:
    """Two views of a sentence, each without half of its n-grams."""
    body, numbers = _encoder(learner), generator("meta-pretraining", run.seed)
    optimizer = torch.optim.Adam(body.parameters(), run.outer_lr)
    for _ in range(run.steps):
        sentences = run.kinds.sentences
        ids = sentences[torch.randint(len(sentences), (_AT_ONCE // 2,), generator=numbers)]
        first, second = (body(dropped(ids, 0.5, numbers)) for _ in range(2))
        _step(optimizer, contrastive_loss(first, second, temperature=0.1))


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _on_episodes(run: Pretraining, learner: Learner) -> None:
    """A batch of episodes of each kind in turn."""
    parts = [run.kinds.sampler(kind, "train", *_SHOTS[kind], run.seed) for kind in run.mixture]
    meta_train(
        learner,
        lambda i: learner.training_batch(parts[i % len(parts)], _TASKS * i, _TASKS),
        iterations=run.steps,
        optimizer=torch.optim.Adam(learner.parameters(), run.outer_lr),
        every=run.steps,
        progress=False,
    )


def _proto_net(run: Pretraining, learner: Leopard) -> None:
    _on_episodes(run, ProtoNet(_encoder(learner), F.cross_entropy, ways=WAYS))


def _reptile(run: Pretraining, learner: Leopard) -> None:
    _on_episodes(run, Reptile(learner.model, F.cross_entropy, **_INNER))


METHODS: Mapping[str, Callable[[Pretraining, Leopard], None]] = {
    "untrained": _untrained,
    "hidden words alone": _masked,
    "contrastive": _contrastive,
    "multi-task": _multi_task,
    "ProtoNet": _proto_net,
    "Reptile": _reptile,
    "LEOPARD": _on_episodes,
}
"""How an encoder is trained, by name."""


@torch.no_grad()
def accuracies(learner: Leopard, tasks: Task) -> Tensor:
    """Accuracy on every task by the nearest class mean, ``[tasks]``."""
    body = _encoder(learner)
    (support, labels), (query, answers) = tasks
    return frozen_class_means(Task(Split(body(support), labels), Split(body(query), answers)), WAYS)


def fine_tuned(learner: Leopard, tasks: Task, steps: int) -> Tensor:
    """Accuracy after 0, …, k inner steps from the generated head, ``[tasks, k + 1]``."""
    accuracy = adaptation_curves(learner, tasks, steps).accuracy
    assert accuracy is not None  # classification has accuracies
    return accuracy


def tf_idf(kinds: Kinds, kind: str) -> Tensor:
    """Which n-grams a text has, by inverse document frequency, ``[rows, BUCKETS]``."""
    ids = kinds.inputs[kind]
    counts = torch.zeros(len(ids), BUCKETS, device=ids.device)
    counts.scatter_add_(1, ids, (ids > 0).float())
    return counts.sqrt() * kinds.weights


def gain(table: DataFrame, method: str, over: str, kind: str, shots: int) -> Interval:
    """Points of accuracy by the nearest class mean over another method, over the seeds.

    Args:
        table: as saved, of one mixture.
        method: by name.
        over: another one.
        kind: of the tasks.
        shots: K.

    Raises:
        KeyError: one of them is not in the table.
    """
    rows = table[(table.kind == kind) & (table.shots == shots)]
    by_seed = rows.pivot_table("class means", "seed", "method")
    return interval_over_tasks(torch.tensor((by_seed[method] - by_seed[over]).to_list()).double())


def means_over_seeds(table: DataFrame) -> DataFrame:
    """Accuracy in per cent with its 95 % interval over the seeds, a row for each method."""

    def text(values: Series) -> str:
        mean, half, _ = interval_over_tasks(torch.tensor(values.to_list()).double())
        return f"{mean:.1f} ± {half:.1f}"

    grouped = table.groupby(["method", "kind", "shots"], sort=False)["class means"]
    return grouped.agg(text).unstack(["kind", "shots"])
