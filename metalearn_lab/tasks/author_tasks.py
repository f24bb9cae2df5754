"""Meta-training tasks of authors: sentences to adapt to, and others to be judged on."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from metalearn_lab.tasks.docstrings import TRAINING, authors
from metalearn_lab.tasks.next_symbols import sentence_items
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task, stack_tasks


@dataclass(frozen=True)
class AuthorTasks:
    """A source of tasks: each is one training author, drawn at random, and some of its sentences.

    Args:
        shots: K, support sentences.
        queries: query sentences, all others than the support.
        length: characters of an item; longer sentences are cut.
        seed: of the draws.
    """

    shots: int = 10
    queries: int = 10
    length: int = 64
    seed: int = 0

    def batch(self, first: int, count: int) -> Task:
        """Tasks number ``first``, …, every tensor ``[tasks, sentences, length]``."""
        return stack_tasks([self._task(number) for number in range(first, first + count)])

    def _task(self, number: int) -> Task:
        numbers = generator("author tasks", self.seed, number)
        author = TRAINING[int(torch.randint(len(TRAINING), (), generator=numbers))]
        sentences = authors()[author]
        drawn = torch.randperm(len(sentences), generator=numbers)[: self.shots + self.queries]
        items = sentence_items([sentences[i] for i in drawn.tolist()], self.length)
        parts = (slice(self.shots), slice(self.shots, None))
        return Task(*(Split(items.x[part], items.y[part]) for part in parts))
