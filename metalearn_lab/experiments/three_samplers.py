"""One table of sentences drawn in three ways: few-shot, zero-shot and continual."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import torch
from pandas import DataFrame, Series
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.evaluation.frozen_class_means import frozen_class_means
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.text_features import hashed_ngrams, word_ids
from metalearn_lab.tasks.types import Split, Task, select_tasks

BUCKETS = 4096
WAYS, QUERIES = 5, 5


def name_in_words(class_name: str) -> str:
    """The words of a class name: ``HassTurnOn/light`` is "turn on light"."""
    parts = re.findall(r"[A-Z]?[a-z]+", class_name.removeprefix("Hass"))
    return " ".join(parts).lower()


def bags(ids: Tensor, buckets: int = BUCKETS) -> Tensor:
    """Which words or n-grams a text has, at unit length, ``[texts, buckets]``."""
    counts = torch.zeros(len(ids), buckets).scatter_(1, ids, 1.0)
    counts[:, 0] = 0  # padding
    return F.normalize(counts, dim=1)


def word_bags(texts: tuple[str, ...] | list[str]) -> Tensor:
    """Bags of words."""
    return bags(word_ids(texts, buckets=BUCKETS))


def ngram_bags(texts: tuple[str, ...] | list[str]) -> Tensor:
    """Bags of character n-grams."""
    return bags(hashed_ngrams(texts, buckets=BUCKETS))


class Draws(NamedTuple):
    """Episodes as rows of the table.

    Attributes:
        rows: ``x`` holds table rows, ``[tasks, items]``.
        classes: of the table, ``[tasks, ways]``.
    """

    rows: Task
    classes: Tensor

    def seen(self, vectors: Tensor) -> Task:
        """The same episodes with what stands for each row."""
        where = vectors.device
        return Task(*(Split(vectors[x.to(where)], y.to(where)) for x, y in self.rows))


def draw(
    table: LabelledTable,
    count: int,
    *,
    shots: int,
    ways: int = WAYS,
    classes: list[int] | None = None,
    seed: int = 0,
) -> Draws:
    """Episodes of a table; support and query share no template.

    Args:
        table: of sentences.
        count: how many.
        shots: K.
        ways: N.
        classes: to draw from; all of the table if None.
        seed: of the episodes.
    """
    sampler = EpisodeSampler(
        torch.arange(len(table)),
        table.labels,
        ways=ways,
        shots=shots,
        queries=QUERIES,
        classes=classes,
        groups=table.groups,
        split="three samplers",
        seed=seed,
        class_names=table.classes,
    )
    return Draws(*sampler.batch_with_classes(0, count))


def few_shot(draws: Draws, vectors: Tensor, label_texts: Tensor | None = None) -> Tensor:
    """Accuracy of the nearest class mean, ``[tasks]``.

    Args:
        draws: episodes.
        vectors: of the sentences, ``[rows, dim]``.
        label_texts: of a name or a description for each class, by the same encoder, ``[classes,
            dim]``; if given, each counts as one more example of its class.
    """
    (x, y), query = draws.seen(vectors)
    if label_texts is not None:
        own, labels = _of_labels(draws, label_texts)
        x, y = torch.cat([x, own], 1), torch.cat([y, labels], 1)
    return frozen_class_means(Task(Split(x, y), query), draws.classes.shape[1])


def zero_shot(draws: Draws, vectors: Tensor, label_texts: Tensor) -> Tensor:
    """Accuracy of the nearest name or description by cosine, ``[tasks]``; no example is seen.

    Args:
        draws: episodes, of which the query sets alone are used.
        vectors: of the sentences, ``[rows, dim]``.
        label_texts: as for ``few_shot``.
    """
    support = Split(*_of_labels(draws, label_texts))
    query = draws.seen(vectors).query
    return frozen_class_means(Task(support, query), draws.classes.shape[1])


def zero_and_few_shot(
    draws: Mapping[int, Draws], vectors: Tensor, label_texts: Mapping[str, Tensor]
) -> dict[tuple[str, int], float]:
    """Per cent right with each label text, and with none, by the number of shots.

    Args:
        draws: episodes by their shots, 1 among them: zero-shot asks the questions of those.
        vectors: of the sentences, ``[rows, dim]``.
        label_texts: by name, as for ``few_shot``.

    Returns:
        By label text ("none" first) and shots (0 first).
    """
    accuracies = {("none", shots): few_shot(each, vectors) for shots, each in draws.items()}
    for name, texts in label_texts.items():
        accuracies[name, 0] = zero_shot(draws[1], vectors, texts)
        for shots, each in draws.items():
            accuracies[name, shots] = few_shot(each, vectors, texts)
    return {key: 100 * values.mean().item() for key, values in accuracies.items()}


def label_text_table(scores: DataFrame) -> DataFrame:
    """Means with their 95 % intervals over the draws; a column for each number of shots.

    Args:
        scores: a row for each of "vectors", "label text", "shots" and "draw", and what is "right".
    """

    def text(values: Series) -> str:
        mean, half, _ = interval_over_tasks(torch.tensor(values.to_list()))
        return f"{mean:.1f} ± {half:.1f}"

    groups = scores.groupby(["vectors", "label text", "shots"], sort=False)
    table: DataFrame = groups["right"].agg(text).unstack()[[0, 1, 5]].fillna("")
    return table.rename(columns={0: "zero-shot", 1: "1 shot", 5: "5 shots"})


def _of_labels(draws: Draws, label_texts: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors of the classes of each episode, ``[tasks, ways, dim]``, and their labels."""
    own = label_texts[draws.classes.to(label_texts.device)]
    return own, torch.arange(own.shape[1], device=own.device).expand(len(own), -1)


class Continual(NamedTuple):
    """Accuracies of one continual draw, after each block of classes.

    Attributes:
        seen: among all classes that have come so far, ``[blocks]``.
        first: on the sentences of the first block, among the same classes, ``[blocks]``.
    """

    seen: Tensor
    first: Tensor


def continual(task: Task, blocks: int, method: str, *, penalty: float = 0.1) -> Continual:
    """Classes come block by block, and no sentence is kept.

    "class means" keeps a mean for each class, "ridge" the sums S = Σ xxᵀ and R = Σ xyᵀ, and
    "newest block" a linear head that is fitted to the newest sentences alone, from where it was.

    Args:
        task: one episode of all classes; block b has the classes from b·ways on.
        blocks: how many.
        method: one of the three.
        penalty: λ of ridge.

    Raises:
        ValueError: an unknown method.
    """
    (x, y), query = task.support, task.query
    classes = int(y.max()) + 1
    ways, dim = classes // blocks, x.shape[1]
    head, gram = (torch.zeros(dim, size).to(x) for size in (classes, dim))
    strength = torch.tensor(penalty).to(x)
    sums = torch.zeros_like(head)
    seen, first = [], []
    for block in range(blocks):
        own = y // ways == block
        new, targets = x[own], F.one_hot(y[own], classes).to(x.dtype)
        if method == "class means":
            head = head + F.normalize(new.T @ targets, dim=0)
        elif method == "ridge":
            gram, sums = gram + new.T @ new, sums + new.T @ targets
            head = torch.linalg.solve(gram + strength * torch.eye(dim).to(gram), sums)
        elif method == "newest block":
            head = head + ridge(new, targets - new @ head, strength)
        else:
            raise ValueError(f"no method {method!r}: class means, ridge or newest block")
        known = (block + 1) * ways
        right = (query.x @ head[:, :known]).argmax(1) == query.y
        seen.append(right[query.y < known].float().mean())
        first.append(right[query.y < ways].float().mean())
    return Continual(torch.stack(seen), torch.stack(first))


def continual_mean(draws: Draws, vectors: Tensor, blocks: int, method: str) -> Continual:
    """The mean of ``continual`` over several draws."""
    seen = draws.seen(vectors)
    runs = [continual(select_tasks(seen, i), blocks, method) for i in range(len(draws.classes))]
    return Continual(*(torch.stack(values).mean(0).cpu() for values in zip(*runs, strict=True)))
