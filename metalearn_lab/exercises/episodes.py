"""Checks of chapter 01: counting in episodes, and counting what leaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from metalearn_lab.exercises.finite import number
from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check
from metalearn_lab.tasks.episodes import Episode, EpisodeSampler
from metalearn_lab.tasks.seeds import generator

EPISODES = 50  # of each sampler


@self_check
def check_batch_sentences(answer: int) -> Verdict:
    """Sentences in 8 episodes, 5-way 2-shot with 3 queries a class."""
    hints: dict[float, str] = {
        8 * 5 * 2: "that is the support alone; the query sentences count too.",
        8 * 5 * 3: "that is the queries alone; the support sentences count too.",
        5 * (2 + 3): "that is one episode; the batch has eight.",
        8 * (2 + 3): "shots and queries are counted for each class.",
        8 * 5 * 2 * 3: "support and query add up, they do not multiply.",
    }
    given = number(answer)
    if given == 8 * 5 * (2 + 3):
        return right("Eight episodes, five classes, two and three sentences of each.")
    return not_yet(hints.get(given, "episodes times classes times (shots + queries)."))


@self_check
def check_refused_ways(answer: int, classes: int) -> Verdict:
    """The least N that a split of so many classes cannot deal."""
    if number(answer) == classes + 1:
        return right(f"The split has {classes} classes, and an episode has N different ones.")
    if answer == classes:
        return not_yet("that many it can still deal. Move the slider one further.")
    return not_yet("put the split to validation and move N until the cards give way to a refusal.")


@self_check
def check_leaked(
    leaked: Callable[[Episode, Sequence[int]], int],
    samplers: Sequence[EpisodeSampler],
    groups: Sequence[int],
) -> Verdict:
    """Query rows that have a row of their group in support, counted on 50 episodes a sampler."""
    episodes = [sampler.episode(i) for sampler in samplers for i in range(EPISODES)]
    found = [_count(leaked(episode, groups)) for episode in episodes]
    sides = [_sides(episode, groups) for episode in episodes]
    exact = [sum(g in support for g in query) for support, query in sides]
    if found == exact:
        if not _uses_groups(leaked, episodes, groups):
            return not_yet(
                "with other groups it still counts by the old ones: look rows up in `groups`, the "
                "argument."
            )
        return right(f"On {len(episodes)} episodes, with and without the leak.")
    if found == [sum(support.count(g) for g in query) for support, query in sides]:
        return not_yet("these are pairs: a query row with two siblings counts once.")
    if found == [sum(g in query for g in support) for support, query in sides]:
        return not_yet("these are the support rows with a sibling in query; ask it of query rows.")
    if found == [len(set(support) & set(query)) for support, query in sides]:
        return not_yet("these are groups on both sides; count the query rows that are in them.")
    if found == [min(count, 1) for count in exact]:
        return not_yet("this says whether there is a leak; count the rows.")
    if not any(found):
        return not_yet("always 0. No row is on both sides; compare the groups of the rows.")
    index = next(i for i, one in enumerate(found) if one != exact[i])
    return not_yet(f"{found[index]:g} instead of {exact[index]}, in episode {index % EPISODES}.")


def _count(answer: object) -> float:
    """A number; True and False too, which the check knows as a likely mistake."""
    return number(int(answer) if isinstance(answer, bool) else answer)


def _sides(episode: Episode, groups: Sequence[int]) -> list[list[int]]:
    """The groups of the support rows, and of the query rows."""
    rows = (episode.support_rows, episode.query_rows)
    return [[groups[row] for row in each.tolist()] for each in rows]


def _uses_groups(
    leaked: Callable[[Episode, Sequence[int]], int],
    episodes: Sequence[Episode],
    groups: Sequence[int],
) -> bool:
    """Whether the count is right too where the same groups are dealt to other rows."""
    order = torch.randperm(len(groups), generator=generator("groups dealt anew")).tolist()
    dealt = [groups[row] for row in order]
    sides = [_sides(episode, dealt) for episode in episodes]
    exact = [sum(g in support for g in query) for support, query in sides]
    return [_count(leaked(episode, dealt)) for episode in episodes] == exact
