"""A desk that answers sentences by intents, each explained by a few examples; nothing is trained.

The weights are those of a meta-trained ProtoNet on frozen sentence vectors. All customers share
them; what a customer teaches is kept beside them, as the mean of a few vectors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.learners.closed_form import class_columns
from metalearn_lab.learners.proto_net import ProtoNet

Encode = Callable[[Sequence[str]], Tensor]
"""From sentences to their vectors, ``[sentences, dim]``."""

LONGEST_SENTENCE = 500  # characters; the encoder reads about 250 words
LONGEST_NAME = 60
MOST_SENTENCES = 50  # of an intent
MOST_INTENTS = 100
SLOT = re.compile(r"\{(\w+)\}")


class DeskError(ValueError):
    """A sentence or an intent that the desk cannot take; the message is for its customer."""


class Intent(NamedTuple):
    """What a customer may want.

    Attributes:
        sentences: that say it, one or more.
        reply: the answer to them, with slots such as ``{room}``.
    """

    sentences: tuple[str, ...]
    reply: str = ""


class Answer(NamedTuple):
    """What the desk says to a sentence.

    Attributes:
        intent: the nearest, or None where none is near enough.
        reply: the intent's, its slots filled.
        scores: of the intents, the best first; −‖f(x) − p‖², at most 0.
        similar: the nearest known sentences, each with its cosine: what is shown where no intent
            fits.
    """

    intent: str | None
    reply: str
    scores: tuple[tuple[str, float], ...]
    similar: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Desk:
    """Never changed: whoever teaches it gets a new one, which shares the weights.

    Attributes:
        encode: the frozen encoder.
        learner: gives the features f and the scores.
        threshold: an intent whose score is below it does not fit.
        intents: by name.
        slots: the values of each slot, such as the rooms.
        vectors: by intent, its sentences' from the encoder.
    """

    encode: Encode
    learner: ProtoNet
    threshold: float
    intents: Mapping[str, Intent] = field(default_factory=dict)
    slots: Mapping[str, Sequence[str]] = field(default_factory=dict)
    vectors: Mapping[str, Tensor] = field(default_factory=dict, repr=False)

    def taught(self, name: str, sentences: Sequence[str], reply: str = "") -> Desk:
        """A desk that knows an intent, or more sentences of one that it knew.

        Args:
            name: of the intent.
            sentences: that say it; those that it has already count once.
            reply: the answer, with slots; without one, the reply that the intent had.

        Raises:
            DeskError: a name or a sentence is empty or too long, there are too many, a slot has no
                values, or a sentence stands under another intent.
        """
        name = checked(name, "the name of an intent", LONGEST_NAME)
        before = self.intents.get(name, Intent(()))
        added = [checked(sentence, "a sentence", LONGEST_SENTENCE) for sentence in sentences]
        new = [each for each in dict.fromkeys(added) if each not in before.sentences]
        intent = Intent((*before.sentences, *new), reply.strip() or before.reply)
        self._check(name, intent)
        vectors = self.vectors.get(name)
        if new:
            own = self.encode(new)
            vectors = own if vectors is None else torch.cat([vectors, own])
        assert vectors is not None
        return replace(
            self,
            intents={**self.intents, name: intent},
            vectors={**self.vectors, name: vectors},
        )

    def forgotten(self, name: str) -> Desk:
        """A desk that does not know an intent any more.

        Raises:
            DeskError: it did not know it.
        """
        if name not in self.intents:
            raise DeskError(f"there is no intent {name!r}")
        rest = [key for key in self.intents if key != name]
        return replace(
            self,
            intents={key: self.intents[key] for key in rest},
            vectors={key: self.vectors[key] for key in rest},
        )

    @torch.no_grad()
    def ask(self, sentence: str, similar: int = 3) -> Answer:
        """What the desk says.

        Args:
            sentence: of a customer.
            similar: how many of the nearest known sentences to name.

        Raises:
            DeskError: the sentence is empty or too long.
        """
        sentence = checked(sentence, "a sentence", LONGEST_SENTENCE)
        if not self.intents:
            return Answer(None, "", (), ())
        vector = self.encode([sentence])
        vectors = torch.cat([self.vectors[name] for name in self.intents])
        scores = self.scores(vector)[0].tolist()
        ranked = sorted(zip(self.intents, scores, strict=True), key=lambda pair: -pair[1])
        cosines = F.cosine_similarity(vector, vectors)
        known = [each for intent in self.intents.values() for each in intent.sentences]
        nearest = cosines.topk(min(similar, len(known)))
        near = tuple(
            (known[i], score)
            for score, i in zip(nearest.values.tolist(), nearest.indices.tolist(), strict=True)
        )
        best, score = ranked[0]
        if score < self.threshold:
            return Answer(None, "", tuple(ranked), near)
        return Answer(best, self.filled(self.intents[best].reply, sentence), tuple(ranked), near)

    @torch.no_grad()
    def scores(self, vectors: Tensor) -> Tensor:
        """−‖f(x) − p_c‖² for the mean feature p_c of each intent, ``[sentences, intents]``.

        Args:
            vectors: of sentences, from the encoder, ``[sentences, dim]``.
        """
        support = torch.cat([self.vectors[name] for name in self.intents])
        sizes = torch.tensor([len(self.vectors[name]) for name in self.intents])
        labels = torch.arange(len(sizes)).repeat_interleave(sizes).to(support.device)
        features = self.learner.model(support)
        means = self.learner.solution(features, class_columns(labels, len(sizes), features))
        return self.learner.scores(self.learner.model(vectors), means)

    def filled(self, reply: str, sentence: str) -> str:
        """A reply whose slots have the values that the sentence names; others stay as ``{room}``.

        The longest value wins: "living room" before "room".
        """
        return SLOT.sub(lambda slot: self._value(slot[1], sentence) or slot[0], reply)

    def _value(self, slot: str, sentence: str) -> str | None:
        values = sorted(self.slots[slot], key=len, reverse=True)
        named = (v for v in values if re.search(rf"(?<!\w){re.escape(v)}(?!\w)", sentence, re.I))
        return next(named, None)

    def _check(self, name: str, intent: Intent) -> None:
        if not intent.sentences:
            raise DeskError(f"the intent {name!r} needs a sentence that says it")
        if len(intent.sentences) > MOST_SENTENCES:
            raise DeskError(
                f"the intent {name!r} would have {len(intent.sentences)} sentences; at most "
                f"{MOST_SENTENCES} are kept"
            )
        if len(self.intents.keys() | {name}) > MOST_INTENTS:
            raise DeskError(f"the desk knows {MOST_INTENTS} intents already, which is the most")
        if len(intent.reply) > LONGEST_SENTENCE:
            raise DeskError(f"a reply has at most {LONGEST_SENTENCE} characters")
        unknown = sorted({slot for slot in SLOT.findall(intent.reply) if slot not in self.slots})
        if unknown:
            known = ", ".join(sorted(self.slots)) or "none"
            raise DeskError(f"no slot {', '.join(unknown)}: the slots are {known}")
        for other, theirs in self.intents.items():
            shared = set(theirs.sentences) & set(intent.sentences)
            if other != name and shared:
                raise DeskError(f"{sorted(shared)[0]!r} is already a sentence of {other!r}")


def checked(text: str, what: str, most: int) -> str:
    """A text without space around it.

    Args:
        text: of a customer.
        what: it is, for the message.
        most: characters.

    Raises:
        DeskError: it is empty, too long, or holds what is no character.
    """
    text = " ".join(text.split())
    if not text:
        raise DeskError(f"{what} is empty: write something")
    if len(text) > most:
        raise DeskError(f"{what} has {len(text):,} characters; at most {most} are read")
    if not text.isprintable():
        raise DeskError(f"{what} holds a control character or half of one: write plain text")
    return text


def threshold_that_accepts(scores: Tensor, share: float) -> float:
    """The threshold that lets through a share of sentences whose intent is known.

    Args:
        scores: of their best intents, ``[sentences]``.
        share: above 0, at most 1; of ``n`` sentences ⌈share · n⌉ or more have such a score.

    Raises:
        ValueError: no scores, or a share out of range.
    """
    if not len(scores) or not 0 < share <= 1:
        raise ValueError(
            f"a threshold needs scores and a share in (0, 1], got {len(scores)} and {share}"
        )
    return torch.quantile(scores, 1 - share, interpolation="lower").item()
