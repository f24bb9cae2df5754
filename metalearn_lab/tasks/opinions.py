"""Headlines with an opinion, one task for each topic: is this good news, bad news, or neither?

The words alone do not say it: profit that falls is bad news, debt that falls is good news.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task, stack_tasks

OPINIONS = ("negative", "neutral", "positive")
"""The classes; unlike those of an episode of intents, they mean the same in every task."""

GOOD_WHEN_UP = (
    "profit|sales|orders|exports|revenue|customer ratings|cash flow|market share|productivity"
    "|attendance|bookings|dividends"
)
BAD_WHEN_UP = (
    "debt|costs|complaints|delays|layoffs|defects|accidents|losses|thefts|pollution|waiting times"
    "|refunds"
)
UP = "rise|climb|jump|soar|go up|increase"
DOWN = "fall|drop|plunge|sink|go down|decrease"
FLAT = "stay flat|remain unchanged|are stable|hold steady|do not move|are as before"
FRAMES = (
    "{topic} {move} in the third quarter|analysts expect {topic} to change: they {move}"
    "|report: {topic} {move}|{topic} at the northern branch {move}|according to the board, {topic} "
    "{move}|this year {topic} {move}, says the company|{topic} {move} again|update: {topic} {move} "
    "in all regions"
)


class Opinion(NamedTuple):
    """One labelled sentence.

    Attributes:
        text: the sentence.
        topic: its task.
        label: index into ``OPINIONS``.
        group: sentences of one group never stand on both sides of a task.
    """

    text: str
    topic: str
    label: int
    group: str


def headlines() -> list[Opinion]:
    """All made-up headlines: 24 topics × 18 verbs × 8 frames; a group is a frame."""
    rows = []
    for topics, sign in ((GOOD_WHEN_UP, 1), (BAD_WHEN_UP, -1)):
        for topic, frame in product(topics.split("|"), FRAMES.split("|")):
            for verbs, way in ((UP, 1), (DOWN, -1), (FLAT, 0)):
                for move in verbs.split("|"):
                    text = frame.format(topic=topic, move=move)
                    rows.append(Opinion(text, topic, 1 + sign * way, frame))
    return rows


class TopicTasks:
    """Tasks by their numbers: a topic, K sentences of each opinion, and other sentences of it.

    Args:
        rows: labelled sentences.
        vectors: theirs, ``[rows, dim]``.
        topics: to draw from, in turn; each has K + Q sentences of each opinion or more.
        shots: K.
        queries: Q, of each opinion.
        seed: another seed draws other sentences.

    Raises:
        ValueError: no topics, or one with too few sentences of an opinion.
    """

    def __init__(
        self,
        rows: Sequence[Opinion],
        vectors: Tensor,
        topics: Sequence[str],
        *,
        shots: int,
        queries: int,
        seed: int = 0,
    ) -> None:
        self.rows, self.vectors, self.topics = rows, vectors, tuple(topics)
        self.shots, self.queries, self.seed = shots, queries, seed
        self._of: dict[tuple[str, int], list[int]] = defaultdict(list)
        for i, row in enumerate(rows):
            self._of[row.topic, row.label].append(i)
        if not topics:
            raise ValueError("no topics to draw from: give at least one")
        for topic, label in product(self.topics, range(len(OPINIONS))):
            have = len(self._of[topic, label])
            if have < shots + queries:
                raise ValueError(
                    f"{topic!r} has {have} {OPINIONS[label]} sentences, not {shots} + {queries}"
                )

    def batch(self, first: int, count: int) -> Task:
        """Tasks ``first``, …, ``first + count − 1``."""
        return stack_tasks([self.task(number) for number in range(first, first + count)])

    def task(self, number: int) -> Task:
        """One task; its number alone says which topic and sentences."""
        support, query = self.rows_of(number)
        labels = torch.arange(len(OPINIONS))
        device = self.vectors.device
        return Task(
            Split(
                self.vectors[torch.tensor(support).to(device)],
                labels.repeat_interleave(self.shots).to(device),
            ),
            Split(
                self.vectors[torch.tensor(query).to(device)],
                labels.repeat_interleave(self.queries).to(device),
            ),
        )

    def rows_of(self, number: int) -> tuple[list[int], list[int]]:
        """Rows of support and query, opinion by opinion; no group stands on both sides.

        Raises:
            ValueError: the groups leave too few sentences for one side.
        """
        topic = self.topics[number % len(self.topics)]
        numbers = generator("opinions", self.seed, number)
        mine = [self._of[topic, label] for label in range(len(OPINIONS))]
        groups = sorted({self.rows[i].group for own in mine for i in own})
        order = torch.randperm(len(groups), generator=numbers).tolist()
        shuffled = [
            [own[i] for i in torch.randperm(len(own), generator=numbers).tolist()] for own in mine
        ]
        for size in range(len(groups) // 2, 0, -1):  # half of the groups, or fewer if need be
            left = {groups[i] for i in order[:size]}
            sides = [
                (
                    [i for i in own if self.rows[i].group in left],
                    [i for i in own if self.rows[i].group not in left],
                )
                for own in shuffled
            ]
            if all(len(s) >= self.shots and len(q) >= self.queries for s, q in sides):
                return (
                    [i for s, _ in sides for i in s[: self.shots]],
                    [i for _, q in sides for i in q[: self.queries]],
                )
        raise ValueError(
            f"{topic!r} cannot have {self.shots} + {self.queries} sentences of each opinion "
            "with no group on both sides: take fewer"
        )
