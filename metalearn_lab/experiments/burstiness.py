"""Does a network look a class up in its context, or does it know the class by heart?

Contexts of labelled items, in which the question's class comes several times ("bursty") or only by
chance ("mixed"). After Chan et al., "Data Distributional Properties Drive Emergent In-Context
Learning in Transformers", NeurIPS 2022, with random vectors for their pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.models.context_transformer import ContextTransformer
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

Kind = Literal["bursty", "mixed", "new", "absent"]

CONTEXT = 8
"""Items in a context."""


@dataclass(frozen=True)
class LabelledItems:
    """Classes that are random vectors of length about 1, each with a label of its own.

    Args:
        classes: how many there are in training.
        dim: numbers of an item.
        spread: standard deviation of each number of an item about its class.
        seed: of the classes and their items.

    Raises:
        ValueError: too few classes for a context without repetition and a question.
    """

    classes: int = 48
    dim: int = 16
    spread: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the number of classes."""
        if self.classes <= CONTEXT:
            raise ValueError(f"classes must be more than {CONTEXT}, got {self.classes}")

    @cached_property
    def centres(self) -> Tensor:
        """The classes' vectors, ``[classes, dim]``."""
        return self._vectors((self.classes,), "centres")

    def batch(self, kind: Kind, first: int, count: int) -> Task:
        """Contexts ``x [count, 8, dim]`` with labels ``y [count, 8]``, and one question to each.

        Args:
            kind: "bursty": three items of the question's class, three of another, two of two
                more. "mixed": classes drawn one by one. "absent": the same, but for the question's
                class. "new": two classes that nobody saw, four items each, with two labels at
                random, the question of one of them.
            first: number of the first context; contexts depend on it and on ``count``.
            count: of contexts.
        """
        numbers = generator("labelled items", self.seed, kind, first, count)
        order = torch.rand(count, self.classes, generator=numbers).argsort(1)
        asked, others = order[:, :1], order[:, 1:]
        if kind == "bursty":
            drawn = [asked, asked, asked, *[others[:, :1]] * 3, others[:, 1:3]]
            shown = torch.cat(drawn, 1)
        elif kind == "new":
            shown = torch.cat([asked] * 4 + [others[:, :1]] * 4, 1)
        else:
            among = self.classes - (kind == "absent")
            place = torch.randint(among, (count, CONTEXT), generator=numbers)
            shown = (others if kind == "absent" else order).gather(1, place)
        shown = shown.gather(1, torch.rand(shown.shape, generator=numbers).argsort(1))
        labels = torch.cat([shown, asked], 1)
        if kind == "new":
            pair = self._vectors((count, 2), "new", first, count)
            which = (labels != asked).long()
            centres = pair.gather(1, which[..., None].expand(-1, -1, self.dim))
        else:
            centres = self.centres[labels]
        x = centres + self.spread * torch.randn(centres.shape, generator=numbers)
        parts = (slice(CONTEXT), slice(CONTEXT, None))
        return Task(*(Split(x[:, part], labels[:, part]) for part in parts))

    def _vectors(self, shape: tuple[int, ...], *address: int | str) -> Tensor:
        numbers = generator("vectors", self.seed, *address)
        vectors: Tensor = torch.randn(*shape, self.dim, generator=numbers) / self.dim**0.5
        return vectors


def item_reader(items: LabelledItems) -> ContextTransformer:
    """Two layers that read items with labels, and score every label for a question."""
    sizes = {"dim": 64, "layers": 2, "heads": 4, "hidden": 128, "seed": items.seed}
    return ContextTransformer(items.dim, items.classes, items.classes, **sizes)


def scores(model: ContextTransformer, tasks: Task) -> Tensor:
    """Of every label for each question, ``[contexts, labels]``."""
    known = F.one_hot(tasks.support.y, model.tokens.head.out_features).to(tasks.support.x)
    answers: Tensor = model(tasks.support.x, known, tasks.query.x)
    return answers[:, 0]


@one_thread()
def train_reader(
    items: LabelledItems,
    bursty: float,
    iterations: int,
    *,
    every: int = 100,
    contexts: int = 64,
    outer_lr: float = 0.001,
) -> Iterator[dict[str, float]]:
    """Train on a mixture of contexts, and test on the way.

    Args:
        items: what contexts are made of.
        bursty: share of the bursty ones among the contexts of an outer step; the others are mixed.
        iterations: outer steps.
        every: outer steps between two tests.
        contexts: in an outer step.
        outer_lr: of Adam, constant.

    Yields:
        The number of outer ``steps`` taken, and two accuracies over 1,000 questions: "in context"
        on new classes, where guessing one of the two labels shown is right half of the time, and
        "in weights" on old classes that are absent from their context.
    """
    model = item_reader(items)
    optimizer = torch.optim.Adam(model.parameters(), outer_lr)
    tests = {name: items.batch(kind, 0, 1000) for name, kind in _TESTS.items()}
    repeated = round(bursty * contexts)
    for i in range(iterations + 1):
        if i % every == 0:
            with torch.no_grad():
                yield {"steps": i} | {n: _accuracy(model, test) for n, test in tests.items()}
        drawn = [("bursty", repeated), ("mixed", contexts - repeated)]
        batches = [items.batch(kind, contexts * i, n) for kind, n in drawn if n]  # type: ignore[arg-type]
        loss = torch.stack(
            [F.cross_entropy(scores(model, b), b.query.y[:, 0], reduction="sum") for b in batches]
        )
        optimizer.zero_grad()
        (loss.sum() / contexts).backward()  # type: ignore[no-untyped-call]
        optimizer.step()


_TESTS: dict[str, Kind] = {"in context": "new", "in weights": "absent"}


def _accuracy(model: ContextTransformer, tasks: Task) -> float:
    return (scores(model, tasks).argmax(1) == tasks.query.y[:, 0]).double().mean().item()
