"""Checks of chapter 01: counting in episodes, and counting what leaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, not_yet, self_check
from metalearn_lab.tasks.episodes import Episode, EpisodeSampler
from metalearn_lab.tasks.seeds import generator

EPISODES = 50  # of each sampler

Sides = tuple[list[int], list[int]]
"""The groups of an episode's support rows, and of its query rows."""


@self_check
def check_batch_sentences(answer: int) -> Verdict:
    """Sentences in 8 episodes, 5-way 2-shot with 3 queries a class."""
    likely = {
        "that is the support alone; the query sentences count too.": 8 * 5 * 2,
        "that is the queries alone; the support sentences count too.": 8 * 5 * 3,
        "that is one episode; the batch has eight.": 5 * (2 + 3),
        "shots and queries are counted for each class.": 8 * (2 + 3),
        "support and query add up, they do not multiply.": 8 * 5 * 2 * 3,
    }
    way_on = "episodes times classes times (shots + queries)."
    hint = describe_mistake(number(answer), 8 * 5 * (2 + 3), likely, way_on, tolerance=0.0)
    return judged("Eight episodes, five classes, two and three sentences of each.", [hint])


@self_check
def check_refused_ways(answer: int, classes: int) -> Verdict:
    """The least N that a split of so many classes cannot deal."""
    likely = {"that many it can still deal. Move the slider one further.": classes}
    way_on = "put the split to validation and move N until the cards give way to a refusal."
    hint = describe_mistake(number(answer), classes + 1, likely, way_on, tolerance=0.0)
    return judged(f"The split has {classes} classes, and an episode has N different ones.", [hint])


@self_check
def check_leaked(
    leaked: Callable[[Episode, Sequence[int]], int],
    samplers: Sequence[EpisodeSampler],
    groups: Sequence[int],
) -> Verdict:
    """Query rows that have a row of their group in support, counted on 50 episodes a sampler."""
    episodes = [sampler.episode(i) for sampler in samplers for i in range(EPISODES)]
    counts = [_count(leaked(episode, groups)) for episode in episodes]
    sides = [_sides(episode, groups) for episode in episodes]
    exact = _leaked(sides)
    likely = {
        "these are pairs: a query row with two siblings counts once.": [
            sum(support.count(group) for group in query) for support, query in sides
        ],
        "these are the support rows with a sibling in query; ask it of query rows.": [
            sum(group in query for group in support) for support, query in sides
        ],
        "these are groups on both sides; count the query rows that are in them.": [
            len(set(support) & set(query)) for support, query in sides
        ],
        "this says whether there is a leak; count the rows.": [min(count, 1) for count in exact],
        "always 0. No row is on both sides; compare the groups of the rows.": [0] * len(episodes),
    }
    index = next((i for i, count in enumerate(counts) if count != exact[i]), 0)
    first_difference = (
        f"{counts[index]:g} instead of {exact[index]}, in episode {index % EPISODES}."
    )
    if hint := describe_mistake(counts, exact, likely, first_difference, tolerance=0.0):
        return not_yet(hint)
    order = torch.randperm(len(groups), generator=generator("groups dealt anew")).tolist()
    other_groups = [groups[row] for row in order]
    hint = describe_mistake(
        [_count(leaked(episode, other_groups)) for episode in episodes],
        _leaked([_sides(episode, other_groups) for episode in episodes]),
        {},
        "with other groups it still counts by the old ones: look rows up in `groups`, the "
        "argument.",
        tolerance=0.0,
    )
    return judged(f"On {len(episodes)} episodes, with and without the leak.", [hint])


def _count(answer: object) -> float:
    """A number; True and False too, which the check knows as a likely mistake."""
    return number(int(answer) if isinstance(answer, bool) else answer)


def _sides(episode: Episode, groups: Sequence[int]) -> Sides:
    support, query = episode.support_rows.tolist(), episode.query_rows.tolist()
    return [groups[row] for row in support], [groups[row] for row in query]


def _leaked(sides: Sequence[Sides]) -> list[int]:
    return [sum(group in support for group in query) for support, query in sides]
