"""Pretraining on several kinds of language tasks, then K shots of a kind that was not there.

Kinds that need no labels: a hidden word is the class (``tasks.masked_words``), or the docstring
that a sentence comes from, or the next sentence is to be found. With labels: intents. Every kind is
made of episodes, so one encoder serves all, and every method is judged in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.intervals import interval_over_tasks
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
from metalearn_lab.tasks.sentence_matches import (
    Matches,
    MatchSampler,
    answers,
    next_sentences,
    translations,
)
from metalearn_lab.tasks.sources import load_table
from metalearn_lab.tasks.table import LabelledTable, Row, build_table
from metalearn_lab.tasks.text_features import hashed_ngrams
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train

if TYPE_CHECKING:
    from pandas import DataFrame, Series

BUCKETS, DIM, WAYS, LONGEST = 4096, 64, 5, 160
WORDS, DOCUMENTS, INTENTS, AUTHORS = "hidden words", "docstrings", "intents", "authors"
NEXT, ANSWERS, TRANSLATIONS = "next sentence", "answer", "translation"
SELF_SUPERVISED = (WORDS, DOCUMENTS, NEXT)
MATCHING = (NEXT, ANSWERS, TRANSLATIONS)
"""Kinds with K = Q = 1: the first of two texts is in the support, the second in the query."""

_SHOTS = {WORDS: (5, 5), DOCUMENTS: (1, 2), INTENTS: (5, 5)}  # K and Q of training tasks
_TASKS = 8  # of an outer step
_AT_ONCE = 400  # sentences of a step without tasks
_MATCHES = 100  # in the choice of a step without tasks
_TEMPERATURE = 0.1
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
        dim: numbers of a sentence.
        seed: of the embeddings.
    """

    def __init__(self, ways: int, weights: Tensor, *, dim: int = DIM, seed: int = 0) -> None:
        super().__init__()
        bag = BagOfNgrams(BUCKETS, dim, seed=seed)
        bag.table.data *= weights[:, None]
        dense, self.head = nn.Linear(dim, dim), nn.Linear(dim, ways)
        nn.init.eye_(dense.weight).data.mul_((10 / dim) ** 0.5)  # squared lengths begin at 10
        for zero in (dense.bias, self.head.weight, self.head.bias):
            nn.init.zeros_(zero)
        self.body = nn.Sequential(bag, nn.LayerNorm(dim, elementwise_affine=False), dense)

    def forward(self, ids: Tensor) -> Tensor:
        """Map n-gram ids ``[items, length]`` to scores ``[items, ways]``."""
        scores: Tensor = self.head(self.body(ids))
        return scores


@dataclass(frozen=True)
class Kinds:
    """The labelled tables by kind, their n-grams, and the training sentences.

    Attributes:
        tables: by kind, of labelled texts or of matches.
        inputs: n-gram ids ``[rows, LONGEST]`` by kind.
        sentences: of the training authors, ``[sentences, LONGEST]``.
        weights: inverse document frequency of every n-gram in them, ``[BUCKETS]``.
    """

    tables: Mapping[str, LabelledTable | Matches]
    inputs: Mapping[str, Tensor]
    sentences: Tensor
    weights: Tensor

    def sampler(
        self, kind: str, part: str, shots: int, queries: int, seed: int, ways: int = WAYS
    ) -> EpisodeSampler | MatchSampler:
        """Episodes of a kind; the same seed gives the same class split.

        Of matches, the parts are the training authors and the held-out ones.

        Args:
            kind: one of the tables.
            part: ``"train"``, ``"validation"`` or ``"test"``; ``"all"`` for every class.
            shots: K, where it is not 1.
            queries: Q, the same.
            seed: of the class split and the episodes.
            ways: N.
        """
        table = self.tables[kind]
        if isinstance(table, Matches):
            sources = {"train": TRAINING, "test": HELD_OUT, "all": None}[part]
            split = f"{kind} {part}"
            return MatchSampler(
                self.inputs[kind], table, ways=ways, sources=sources, split=split, seed=seed
            )
        usable = set(dealable_classes(table.labels, table.groups, shots=shots, queries=queries))
        every = range(len(table.classes))
        own = every if part == "all" else getattr(split_classes(table, seed=seed), part)
        return EpisodeSampler(
            self.inputs[kind],
            table.labels,
            ways=ways,
            shots=shots,
            queries=queries,
            classes=[number for number in own if number in usable],
            groups=table.groups,
            split=f"{kind} {part}",
            seed=seed,
        )


def kinds_of_tasks(device: torch.device | str = "cpu") -> Kinds:
    """Three kinds from plain text, and those that are kept for the test."""
    by_author = authors()
    sentences = [sentence for author in TRAINING for sentence in by_author[author]]
    tables: dict[str, LabelledTable | Matches] = {
        WORDS: masked_word_table(sentences),
        DOCUMENTS: document_table(),
        INTENTS: load_table(source="embedded"),
        AUTHORS: build_table(
            [Row(text, name, text) for name in HELD_OUT for text in by_author[name][:400]],
            "sentences by author",
        ),
        NEXT: next_sentences((*TRAINING, *HELD_OUT)),
        ANSWERS: answers(HELD_OUT),
        TRANSLATIONS: translations(),
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
        dim: numbers that the encoder gives of a sentence.
    """

    kinds: Kinds
    mixture: tuple[str, ...]
    steps: int
    outer_lr: float
    seed: int
    dim: int = DIM

    @one_thread()
    def train(self, method: str) -> Leopard:
        """Train by a method of ``METHODS``; all are judged as the learner that this returns.

        Its ``model.body`` is the encoder. Where nothing generates heads, its g is the identity.
        """
        model = UnitEncoder(WAYS, self.kinds.weights.cpu(), dim=self.dim, seed=self.seed)
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
    """A batch of each kind in turn: a head over all training classes, or a choice of matches."""
    body, numbers = _encoder(learner), generator("meta-pretraining", run.seed)
    losses = [_loss_of(run, kind, body, numbers) for kind in run.mixture]
    heads = [weight for _, own in losses for weight in own]
    optimizer = torch.optim.Adam([*body.parameters(), *heads], run.outer_lr)
    for step in range(run.steps):
        loss, _ = losses[step % len(losses)]
        _step(optimizer, loss(step))


def _loss_of(
    run: Pretraining, kind: str, body: nn.Module, numbers: torch.Generator
) -> tuple[Callable[[int], Tensor], list[nn.Parameter]]:
    """The loss of a kind at a step, and the weights that are the kind's own."""
    sampler = run.kinds.sampler(kind, "train", *_SHOTS.get(kind, (1, 1)), run.seed)
    if isinstance(sampler, MatchSampler):
        choice = run.kinds.sampler(kind, "train", 1, 1, run.seed, ways=_MATCHES)

        def find_match(step: int) -> Tensor:
            (first, _), (second, _) = choice.batch(step, 1)
            return contrastive_loss(body(first[0]), body(second[0]), _TEMPERATURE)

        return find_match, []
    table, where = run.kinds.tables[kind], run.kinds.weights.device
    assert isinstance(table, LabelledTable)
    own, label = torch.tensor(sampler.classes), torch.tensor(table.labels)
    rows = torch.isin(label, own).nonzero()[:, 0]
    labels = torch.searchsorted(own, label).to(where)
    head = nn.Linear(run.dim, len(own)).to(where)
    for zero in head.parameters():
        nn.init.zeros_(zero)

    def classify(step: int) -> Tensor:
        chosen = rows[torch.randint(len(rows), (_AT_ONCE,), generator=numbers)]
        return F.cross_entropy(head(body(run.kinds.inputs[kind][chosen])), labels[chosen])

    return classify, list(head.parameters())


def _masked(run: Pretraining, learner: Leopard) -> None:
    """Multi-task training with one kind: which word was hidden."""
    _multi_task(replace(run, mixture=(WORDS,)), learner)


def _following(run: Pretraining, learner: Leopard) -> None:
    """The same: which of a hundred sentences of an author follows."""
    _multi_task(replace(run, mixture=(NEXT,)), learner)


def _contrastive(run: Pretraining, learner: Leopard) -> None:
    """Two views of a sentence, each without half of its n-grams."""
    body, numbers = _encoder(learner), generator("meta-pretraining", run.seed)
    optimizer = torch.optim.Adam(body.parameters(), run.outer_lr)
    for _ in range(run.steps):
        sentences = run.kinds.sentences
        ids = sentences[torch.randint(len(sentences), (_AT_ONCE // 2,), generator=numbers)]
        first, second = (body(dropped(ids, 0.5, numbers)) for _ in range(2))
        _step(optimizer, contrastive_loss(first, second, temperature=_TEMPERATURE))


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _on_episodes(run: Pretraining, learner: Learner) -> None:
    """A batch of episodes of each kind in turn."""
    parts = [
        run.kinds.sampler(kind, "train", *_SHOTS.get(kind, (1, 1)), run.seed)
        for kind in run.mixture
    ]
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
    "next sentence alone": _following,
    "contrastive": _contrastive,
    "multi-task": _multi_task,
    "ProtoNet": _proto_net,
    "Reptile": _reptile,
    "LEOPARD": _on_episodes,
}
"""How an encoder is trained, by name."""


@torch.no_grad()
def seen_by(learner: Leopard, tasks: Task) -> Task:
    """Tasks with the encoder's vectors in the place of texts, ``x [tasks, items, dim]``."""
    return Task(*(Split(_encoder(learner)(x), y) for x, y in tasks))


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


def means_over_seeds(table: DataFrame) -> DataFrame:
    """Accuracy in per cent with its 95 % interval over the seeds, a row for each method.

    Args:
        table: as saved, of one mixture.
    """

    def text(values: Series) -> str:
        mean, half, _ = interval_over_tasks(torch.tensor(values.to_list()).double())
        return f"{mean:.1f} ± {half:.1f}"

    grouped = table.groupby(["method", "kind", "shots"], sort=False)["class means"]
    return grouped.agg(text).unstack(["kind", "shots"])
