"""Checks of chapter 01: dealing an episode, and counting what leaks."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Sequence

import torch

from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import (
    Refused,
    Verdict,
    judged,
    not_yet,
    self_check,
)
from metalearn_lab.tasks.episodes import Episode, EpisodeSampler
from metalearn_lab.tasks.seeds import generator

EPISODES = 50  # of each sampler
SEEDS = 200  # of a reader's sampler on each table
_SETTINGS = (
    (tuple(row % 4 for row in range(36)), (3, 2, 2)),
    (tuple((2, 9, 30, 9, 30, 9, 2)[row % 7] for row in range(21)), (2, 3, 1)),
    (tuple(row // 7 for row in range(42)), (4, 1, 3)),
)
"""Class of each row, and N, K, Q."""

Dealt = tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
"""The pairs (row, label) of an episode's support set, and of its query set."""

Sides = tuple[list[int], list[int]]
"""The groups of an episode's support rows, and of its query rows."""


@self_check
def check_episode_sampler(deal: Callable[..., object]) -> Verdict:
    """A sampler of the reader's, on three tables with several N, K, Q and many seeds."""
    for labels, (ways, shots, queries) in _SETTINGS:
        asked = f"with N = {ways}, K = {shots}, Q = {queries}: "
        episodes = [
            _episode(deal(list(labels), ways, shots, queries, seed)) for seed in range(SEEDS)
        ]
        for seed, episode in enumerate(episodes):
            if fault := _fault(episode, labels, ways, shots, queries):
                return not_yet(f"{asked}{fault} (seed {seed})")
        if any(
            _episode(deal(list(labels), ways, shots, queries, seed)) != episodes[seed]
            for seed in reversed(range(0, SEEDS, 7))
        ):
            return not_yet(
                "the same seed gives another episode when it is asked for again. Draw from one "
                "`random.Random(seed)` that is made inside the function."
            )
        if fault := _fault_over_seeds(episodes, labels, ways):
            return not_yet(f"{asked}{fault}")
    return judged(f"On {len(_SETTINGS)} tables, with {SEEDS} seeds each.", [])


def _episode(answer: object) -> Dealt:
    """The answer as whole numbers: pairs (row, label) of support, and of query."""
    asked = "two lists of pairs (row, label) are asked for, support and query"
    if not (isinstance(answer, list | tuple) and len(answer) == 2):
        raise Refused(f"{asked}, and yours is {answer!r:.60}.")
    sides = []
    for side in answer:
        if not isinstance(side, list | tuple):
            raise Refused(f"{asked}, and one of yours is {side!r:.60}.")
        for pair in side:
            if not (isinstance(pair, list | tuple) and len(pair) == 2):
                raise Refused(f"{asked}, and in place of a pair there is {pair!r:.60}.")
            if any(isinstance(each, bool) or not hasattr(each, "__index__") for each in pair):
                raise Refused(f"{asked}, of whole numbers, and one of yours is {pair!r:.60}.")
        sides.append(tuple((operator.index(row), operator.index(label)) for row, label in side))
    return sides[0], sides[1]


def _fault(
    episode: Dealt, labels: Sequence[int], ways: int, shots: int, queries: int
) -> str | None:
    """What is wrong with one episode."""
    support, query = episode
    for word, side, count in (("support", support, shots), ("query", query, queries)):
        if len(side) != ways * count:
            return f"{len(side)} {word} pairs instead of N times {count} = {ways * count}"
        rows = [row for row, _ in side]
        if not all(0 <= row < len(labels) for row in rows):
            return f"a {word} row is not in the table, which has rows 0 to {len(labels) - 1}"
        if len({*rows}) < len(rows):
            return f"a row stands twice in {word}: draw without replacement"
        if {label for _, label in side} != {*range(ways)}:
            return (
                f"the labels in {word} are {sorted({label for _, label in side})}: the classes of "
                f"an episode are called 0 to N - 1 = {ways - 1}, whatever they are in the table"
            )
        if {*Counter(label for _, label in side).values()} != {count}:
            return f"not every label has {count} {word} pairs"
    pairs = {(label, labels[row]) for row, label in (*support, *query)}
    if len(pairs) > ways:
        return "a label stands for two classes, or for one in support and another in query"
    if len({own for _, own in pairs}) < ways:
        return "one class has two labels: draw N different classes"
    if {row for row, _ in support} & {row for row, _ in query}:
        return "a row is on both sides: its label would be given away"
    return None


def _fault_over_seeds(episodes: Sequence[Dealt], labels: Sequence[int], ways: int) -> str | None:
    """What is wrong with the episodes of all seeds together."""
    if len({*episodes}) == 1:
        return "every seed gives the same episode"
    given = {(labels[row], label) for support, _ in episodes for row, label in support}
    classes = {*labels}
    if missing := classes - {own for own, _ in given}:
        return f"class {min(missing)} never comes, with {len(episodes)} seeds"
    if len(given) < len(classes) * ways:
        return (
            "some classes never get some labels. Put the drawn classes in random order, so that "
            "each class is called 0 in one episode and N - 1 in another"
        )
    drawn = {frozenset((label, labels[row]) for row, label in side) for side, _ in episodes}
    if len(drawn) < min(len(episodes) // 4, 2 * len(classes)):
        return "the classes come in few different orders: draw them anew for every seed"
    for word, side in (("support", 0), ("query", 1)):
        never = {*range(len(labels))} - {row for episode in episodes for row, _ in episode[side]}
        if never:
            return (
                f"row {min(never)} is never in {word}, with {len(episodes)} seeds: draw the rows "
                "of a class at random, then divide them"
            )
    return None


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
