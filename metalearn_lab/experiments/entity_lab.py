"""Few-shot tagging: encoders of words, and ways to tag a sentence from a few tagged ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.evaluation.span_score import (
    Counts,
    Scheme,
    count_spans,
    micro,
)
from metalearn_lab.experiments.tag_lattice import Abstract, count_transitions, transitions, viterbi
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.proto_net import ProtoNet, class_means
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.models.sentence_encoder import encode_words
from metalearn_lab.models.word_window import WordWindow, window_ids
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.tag_templates import TEMPLATES
from metalearn_lab.tasks.tagged_sentences import NameSentences, TaggedSentence
from metalearn_lab.tasks.token_episodes import TokenEpisode, TokenEpisodeSampler
from metalearn_lab.tasks.types import Split, Task

if TYPE_CHECKING:
    from pandas import DataFrame

BUCKETS, AROUND = 4096, 2
_FAMILIAR = 1_000_000  # added to a seed: other sentences
WAYS = 3
PARTS: Mapping[str, int] = {"train": 8, "validation": 4, "test": 4}
"""How many of the sixteen types each part has."""

Tagger = Callable[[TokenEpisode], list[list[str]]]
"""From an episode to a tag for each word of each query sentence."""

Embed = Callable[[Sequence[TaggedSentence]], Tensor]
"""A vector for each word, sentence after sentence, ``[tokens, features]``."""


class TypeSplit(NamedTuple):
    """Types that are trained on, chosen by, and new."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def split_types(seed: int) -> TypeSplit:
    """The sixteen types dealt to train, validation and test by a seed."""
    names = sorted(TEMPLATES)
    order = torch.randperm(len(names), generator=generator("type split", seed)).tolist()
    dealt = iter([names[position] for position in order])
    return TypeSplit(*(tuple(sorted(next(dealt) for _ in range(n))) for n in PARTS.values()))


@dataclass(frozen=True)
class EntityWorld:
    """Tagged sentences in parts, with the types of each.

    Attributes:
        types: of each part.
        parts: the sentences by name: ``train``, ``validation``, ``test``, and ``familiar``, other
            sentences of the training types.
        device: where ids and encoders are.
    """

    types: TypeSplit
    parts: Mapping[str, tuple[TaggedSentence, ...]]
    device: torch.device | str = "cpu"
    _ids: dict[tuple[str, ...], Tensor] = field(default_factory=dict, compare=False, repr=False)

    def sampler(
        self, part: str, shots: int, queries: int = 4, *, seed: int = 0, hide_others: bool = True
    ) -> TokenEpisodeSampler:
        """Episodes of a part, three-way."""
        return TokenEpisodeSampler(
            self.parts[part],
            self.types.train if part == "familiar" else getattr(self.types, part),
            ways=WAYS,
            shots=shots,
            queries=queries,
            hide_others=hide_others,
            split=part,
            seed=seed,
        )

    def ids(self, sentences: Sequence[TaggedSentence]) -> Tensor:
        """What encoders read, ``[tokens, window, length]``, made once for a sentence."""
        if unknown := [s for s in sentences if s.words not in self._ids]:
            made = window_ids([s.words for s in unknown], around=AROUND, buckets=BUCKETS)
            made = F.pad(made, (0, 20 - made.shape[-1])).to(self.device)
            lengths = [len(s.words) for s in unknown]
            owned = made.split(lengths)  # type: ignore[no-untyped-call]
            for sentence, own in zip(unknown, owned, strict=True):
                self._ids[sentence.words] = own
        return torch.cat([self._ids[sentence.words] for sentence in sentences])

    def task(self, episode: TokenEpisode) -> Task:
        """An episode as a task of one batch, an item for each token; label 0 is O."""
        sides = (episode.support, episode.query)
        splits = (Split(self.ids(s), token_labels(s, episode.types).to(self.device)) for s in sides)
        return Task(*(Split(x[None], y[None]) for x, y in splits))

    @cached_property
    def abstract(self) -> Abstract:
        """How tags follow each other in the training sentences."""
        types = self.types.train
        return count_transitions(
            token_labels([sentence], types).tolist() for sentence in self.parts["train"]
        )


def name_world(
    split_seed: int = 0, sentences: int = 500, device: torch.device | str = "cpu"
) -> EntityWorld:
    """Babel's names in templates.

    A training sentence holds training types alone. A sentence to be judged on has a type of its
    own part first, and second, in half of the sentences, any of the sixteen types.

    Args:
        split_seed: of the types and the sentences.
        sentences: how many are made for each part.
        device: see ``EntityWorld``.
    """
    types, everything = split_types(split_seed), tuple(TEMPLATES)
    makers = {
        "train": NameSentences(types.train, seed=split_seed),
        "validation": NameSentences(types.validation, everything, split_seed),
        "test": NameSentences(types.test, everything, split_seed),
        "familiar": NameSentences(types.train, everything, split_seed + _FAMILIAR),
    }
    parts = {part: maker.sentences(sentences) for part, maker in makers.items()}
    trained_on = {sentence.words for sentence in parts["train"]}
    parts["familiar"] = tuple(s for s in parts["familiar"] if s.words not in trained_on)
    return EntityWorld(types, parts, device)


def file_world(
    training: Iterable[TaggedSentence],
    judged: Iterable[TaggedSentence],
    train_types: Iterable[str],
    device: torch.device | str = "cpu",
) -> EntityWorld:
    """Sentences of files: some types are trained on, the others are new; none is for choosing.

    Args:
        training: those that hold a new type are left out.
        judged: other sentences, that are judged on.
        train_types: the types that are trained on.
        device: see ``EntityWorld``.
    """
    judged, old = tuple(judged), set(train_types)
    new = {kind for sentence in judged for kind in sentence.types} - old
    train = tuple(s for s in training if s.types and not new.intersection(s.types))
    types = TypeSplit(tuple(sorted(old)), (), tuple(sorted(new)))
    return EntityWorld(types, {"train": train, "test": judged, "familiar": judged}, device)


def token_labels(
    sentences: Iterable[TaggedSentence], types: Sequence[str], scheme: Scheme = "io"
) -> Tensor:
    """The label of each token, 0 for O, ``[tokens]``.

    Args:
        sentences: in the scheme BIO.
        types: in the order of their labels; others are O.
        scheme: ``"io"`` has a label for each type, ``"bio"`` two: B of all types, then I.
    """
    label = {kind: i for i, kind in enumerate(types, 1)}

    def of(tag: str) -> int:
        own = label.get(tag[2:], 0)
        return own + len(types) if own and scheme == "bio" and tag[0] == "I" else own

    return torch.tensor([of(tag) for sentence in sentences for tag in sentence.tags])


def tags_of_labels(
    labels: Sequence[int],
    sentences: Sequence[TaggedSentence],
    types: Sequence[str],
    scheme: Scheme = "io",
) -> list[list[str]]:
    """Tags of labels that stand sentence after sentence; the reverse of ``token_labels``."""
    prefixes = "BI" if scheme == "bio" else "I"
    prefixed = ["O", *(f"{prefix}-{kind}" for prefix in prefixes for kind in types)]
    tags = iter([prefixed[label] for label in labels])
    return [[next(tags) for _ in sentence.words] for sentence in sentences]


# Scores of each query token for each label, from the support's vectors.


def prototype_scores(support: Tensor, labels: Tensor, query: Tensor, classes: int) -> Tensor:
    """−‖z − p_c‖², with p_c the mean vector of a label, O's too; −∞ for a label without tokens."""
    columns = F.one_hot(labels, classes).to(support)
    distances = ((query[:, None] - class_means(support, columns)) ** 2).sum(-1)
    return -distances.nan_to_num(nan=float("inf"))


def nearest_scores(support: Tensor, labels: Tensor, query: Tensor, classes: int) -> Tensor:
    """NNShot: minus the squared distance to the nearest support token of a label, unit vectors.

    Source: Yang and Katiyar, EMNLP 2020.
    """
    z, s = F.normalize(query, dim=-1), F.normalize(support, dim=-1)
    scores = 2 * z @ s.T - 2  # −‖z − s‖² of unit vectors
    own = [scores[:, labels == c] for c in range(classes)]
    missing = scores.new_full((len(query),), -float("inf"))
    return torch.stack([each.amax(1) if each.shape[1] else missing for each in own], 1)


def ridge_scores(
    support: Tensor, labels: Tensor, query: Tensor, classes: int, regularisation: float = 0.01
) -> Tensor:
    """Ridge regression on the labels' columns, of unit vectors with a constant beside them."""
    one_hot = F.one_hot(labels, classes).to(support)

    def widened(z: Tensor) -> Tensor:
        return F.pad(F.normalize(z, dim=-1), (0, 1), value=1.0)

    strength = torch.tensor(regularisation).to(support)
    return widened(query) @ ridge(widened(support), one_hot, strength)


Score = Callable[[Tensor, Tensor, Tensor, int], Tensor]


def tagger(
    embed: Embed,
    score: Score,
    *,
    scheme: Scheme = "io",
    temperature: float | None = None,
    abstract: Abstract | None = None,
) -> Tagger:
    """Tags each token by its best score, or each sentence by the best path.

    Args:
        embed: vectors of words.
        score: of each query token for each label.
        scheme: in which the support is labelled.
        temperature: τ of StructShot; each token for itself if None.
        abstract: what StructShot needs beside.
    """

    @torch.no_grad()
    def tag(episode: TokenEpisode) -> list[list[str]]:
        types, labels = episode.types, token_labels(episode.support, episode.types, scheme)
        classes = 1 + len(types) * (2 if scheme == "bio" else 1)
        support, query = embed(episode.support), embed(episode.query)
        scores = score(support, labels.to(support.device), query, classes).cpu()
        if temperature is None or abstract is None:
            best = scores.argmax(1).tolist()
        else:
            table = transitions(abstract, len(types), temperature)
            lengths = [len(sentence.words) for sentence in episode.query]
            emissions = scores.double().softmax(1).split(lengths)  # type: ignore[no-untyped-call]
            best = [label for each in emissions for label in viterbi(each, table)]
        return tags_of_labels(best, episode.query, types, scheme)

    return tag


def frozen_words(device: torch.device | str = "cpu") -> Embed:
    """Vectors of the frozen sentence encoder's word pieces; a sentence is encoded once."""
    known = dict[tuple[str, ...], Tensor]()

    def embed(sentences: Sequence[TaggedSentence]) -> Tensor:
        if new := [s.words for s in sentences if s.words not in known]:
            lengths = [len(words) for words in new]
            made = encode_words(new, device=device).split(lengths)  # type: ignore[no-untyped-call]
            known.update(zip(new, made, strict=True))
        return torch.cat([known[sentence.words] for sentence in sentences])

    return embed


def always_o(episode: TokenEpisode) -> list[list[str]]:
    """The tagger that finds nothing."""
    return [["O"] * len(sentence.words) for sentence in episode.query]


def gazetteer(episode: TokenEpisode) -> list[list[str]]:
    """Tags exactly the names of the support, the longest first."""
    known = dict[tuple[str, ...], str]()
    for sentence in episode.support:
        for kind, name in sentence.entities():
            known[tuple(name.casefold().split())] = kind
    tagged = []
    for sentence in episode.query:
        words = [word.casefold() for word in sentence.words]
        tags, i = ["O"] * len(words), 0
        while i < len(words):
            lengths = [n for n in range(len(words) - i, 0, -1) if tuple(words[i : i + n]) in known]
            n = max(lengths, default=0)
            if n:
                kind = known[tuple(words[i : i + n])]
                tags[i : i + n] = [f"B-{kind}", *[f"I-{kind}"] * (n - 1)]
            i += max(n, 1)
        tagged.append(tags)
    return tagged


def learner_tagger(world: EntityWorld, learner: Learner, steps: int | None = None) -> Tagger:
    """Tags by a learner of the package that has adapted to the support, token by token."""

    def tag(episode: TokenEpisode) -> list[list[str]]:
        task = world.task(episode)
        adapted = learner.adapt(task.support, steps)[-1]
        best = learner.predict(adapted, task.query.x)[0].argmax(-1).tolist()
        return tags_of_labels(best, episode.query, episode.types)

    return tag


class ThresholdProtoNet(ProtoNet):
    """ProtoNet in which O has no prototype: its score is a learned number for every token."""

    title = "ProtoNet, threshold for O"
    line = None  # type: ignore[assignment]

    def __init__(self, model: nn.Module, *, ways: int, mapping: str = "loop") -> None:
        super().__init__(model, F.cross_entropy, ways=ways, mapping=mapping)
        self.outside = nn.Parameter(torch.tensor(-4.0))

    def solution(self, features: Tensor, classes: Tensor) -> Tensor:
        """The mean feature of each type, ``[types, features]``."""
        return class_means(features, classes[:, 1:])

    def scores(self, features: Tensor, solution: Tensor) -> Tensor:
        """The number of O, then −‖f(x) − p_c‖², ``[tokens, 1 + types]``."""
        of_types = super().scores(features, solution)
        return torch.cat([self.outside.expand(len(of_types), 1), of_types], 1)


@dataclass(frozen=True)
class EntityLab:
    """What all trainings share.

    Attributes:
        world: the sentences.
        iterations: outer steps; a step without episodes sees about as many sentences.
        shots: K of training episodes.
        seed: of the weights and the episodes.
    """

    world: EntityWorld
    iterations: int = 400
    shots: int = 3
    seed: int = 0

    def model(self, classes: int = 1 + WAYS) -> WordWindow:
        """A new encoder with a head."""
        window = 2 * AROUND + 1
        return WordWindow(BUCKETS, window, classes, seed=self.seed).to(self.world.device)

    def untrained(self) -> Embed:
        """Vectors of the encoder as it begins."""
        return self.embed(self.model().body)

    def embed(self, encoder: nn.Module) -> Embed:
        """Vectors of an encoder, such as the body of a ``WordWindow``."""
        return lambda sentences: encoder(self.world.ids(sentences))

    def fine_tuned(self, inner_lr: float = 1.0) -> Learner:
        """As ``first_order_maml``, but nobody trained it."""
        return self._first_order(inner_lr).to(self.world.device)

    def head_tuned(self, inner_lr: float = 1.0) -> Learner:
        """As ``anil``, but nobody trained it."""
        return self._head_alone(inner_lr).to(self.world.device)

    def joint(self, outer_lr: float = 3e-3, at_once: int = 16) -> WordWindow:
        """Tags all training types with one head, without episodes."""
        types, pool = self.world.types.train, self.world.parts["train"]
        model = self.model(1 + len(types))
        optimizer = torch.optim.Adam(model.parameters(), outer_lr)
        with one_thread():
            for iteration in range(self.iterations):
                numbers = generator(self.seed, "joint tagging", iteration)
                rows = torch.randint(len(pool), (at_once,), generator=numbers).tolist()
                drawn = [pool[row] for row in rows]
                labels = token_labels(drawn, types).to(self.world.device)
                loss = F.cross_entropy(model(self.world.ids(drawn)), labels)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        return model

    def meta_train(self, learner: Learner, outer_lr: float = 3e-3) -> Learner:
        """Any learner of the package, an episode a step."""
        sampler = self.world.sampler("train", self.shots, self.shots, seed=self.seed)
        learner = learner.to(self.world.device)
        optimizer = torch.optim.Adam(learner.parameters(), outer_lr)
        with one_thread():
            for iteration in range(self.iterations):
                loss = learner(self.world.task(sampler.episode(iteration)))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return learner

    def proto_net(self, outer_lr: float = 3e-3) -> Learner:
        """With a prototype for O."""
        learner = ProtoNet(self.model().body, F.cross_entropy, ways=1 + WAYS, mapping="loop")
        return self.meta_train(learner, outer_lr)

    def threshold_proto_net(self, outer_lr: float = 3e-3) -> Learner:
        """With a number for O."""
        return self.meta_train(ThresholdProtoNet(self.model().body, ways=1 + WAYS), outer_lr)

    def first_order_maml(self, inner_lr: float = 0.3, outer_lr: float = 3e-3) -> Learner:
        """Five inner steps on all weights."""
        return self.meta_train(self._first_order(inner_lr), outer_lr)

    def _first_order(self, inner_lr: float) -> Learner:
        settings = {"inner_lr": inner_lr, "inner_steps": 5, "mapping": "loop"}
        return FirstOrderMAML(self.model(), F.cross_entropy, **settings)  # type: ignore[arg-type]

    def anil(self, inner_lr: float = 0.3, outer_lr: float = 3e-3) -> Learner:
        """Five inner steps on the head alone, differentiated through."""
        return self.meta_train(self._head_alone(inner_lr), outer_lr)

    def _head_alone(self, inner_lr: float) -> Learner:
        settings = {"inner_lr": inner_lr, "inner_steps": 5, "mapping": "loop", "adapts": "head.*"}
        return MAML(self.model(), F.cross_entropy, **settings)  # type: ignore[arg-type]


class Judged(NamedTuple):
    """A tagger over many episodes, with all spans counted together.

    Attributes:
        counts: right, predicted and true spans.
        accuracy: share of the tokens whose type, or O, is right.
    """

    counts: Counts
    accuracy: float


def judge(
    taggers: Mapping[str, Tagger], episodes: Iterable[TokenEpisode], strict: Scheme | None = None
) -> dict[str, Judged]:
    """Score taggers on the same episodes.

    Args:
        taggers: by name.
        episodes: to be tagged; every query sentence is scored by itself.
        strict: as for ``spans_of``.
    """
    spans, right = {name: Counts(0, 0, 0) for name in taggers}, Counter[str]()
    tokens = 0
    for episode in episodes:
        gold = [sentence.tags for sentence in episode.query]
        tokens += sum(map(len, gold))
        for name, tag in taggers.items():
            given = tag(episode)
            spans[name] = micro({"so far": spans[name], **count_spans(gold, given, strict)})
            right[name] += sum(
                own[2:] == tag[2:]
                for pair in zip(gold, given, strict=True)
                for own, tag in zip(*pair, strict=True)
            )
    return {name: Judged(spans[name], right[name] / tokens) for name in taggers}


def percent_table(judged: Mapping[str, Mapping[str, Judged]]) -> DataFrame:
    """F1 and token accuracy in per cent, a row for each tagger.

    Args:
        judged: what ``judge`` gives, by the name of the episodes.
    """
    from pandas import DataFrame, concat

    f1 = {
        name: {way: 100 * each.counts.f1 for way, each in own.items()}
        for name, own in judged.items()
    }
    accuracy = {
        name: {way: 100 * each.accuracy for way, each in own.items()}
        for name, own in judged.items()
    }
    both = {"F1": DataFrame(f1), "token accuracy": DataFrame(accuracy)}
    order = list(dict.fromkeys(way for own in judged.values() for way in own))
    return concat(both, axis=1).loc[order].round(1)
