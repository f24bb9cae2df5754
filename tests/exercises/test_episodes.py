import itertools
import random

import pytest
import torch

from metalearn_lab.exercises.episodes import (
    check_episode_sampler,
    check_leaked,
)
from metalearn_lab.exercises.verdict import NOTHING_YET
from metalearn_lab.tasks.episodes import EpisodeSampler

LABELS = [row // 24 for row in range(96)]
GROUPS = [row // 4 for row in range(96)]


def sampler(groups):
    counts = {"ways": 3, "shots": 3, "queries": 4}
    return EpisodeSampler(torch.arange(96), LABELS, groups=groups, **counts)


SAMPLERS = (sampler(GROUPS), sampler(None))


def sides(episode):
    rows = (episode.support_rows, episode.query_rows)
    return [[GROUPS[row] for row in each.tolist()] for each in rows]


def count(episode, groups):
    seen = {groups[row] for row in episode.support_rows.tolist()}
    return sum(groups[row] in seen for row in episode.query_rows.tolist())


def pairs(episode, groups):
    support, query = sides(episode)
    return sum(support.count(each) for each in query)


def support_rows(episode, groups):
    support, query = sides(episode)
    return sum(each in query for each in support)


def groups_on_both_sides(episode, groups):
    support, query = sides(episode)
    return len({*support} & {*query})


def same_rows(episode, groups):
    return len({*episode.support_rows.tolist()} & {*episode.query_rows.tolist()})


def test_counting_the_query_rows_is_right():
    verdict = check_leaked(count, SAMPLERS, GROUPS)
    assert verdict.right
    assert "100 episodes" in verdict.says


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        (pairs, "counts once"),
        (support_rows, "ask it of query rows"),
        (groups_on_both_sides, "groups on both sides"),
        (lambda episode, groups: count(episode, groups) > 0, "count the rows"),
        (same_rows, "compare the groups"),
        (lambda episode, groups: 99, "99 instead of 0, in episode 0"),
    ],
)
def test_another_count_is_recognised(mistake, hint):
    verdict = check_leaked(mistake, SAMPLERS, GROUPS)
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize("other", [GROUPS, list(reversed(GROUPS))])
def test_counting_by_groups_of_its_own_is_not_right(other):
    verdict = check_leaked(lambda episode, groups: count(episode, other), SAMPLERS, GROUPS)
    assert not verdict.right


def rows_of(labels, name):
    return [row for row, each in enumerate(labels) if each == name]


def deal(labels, ways, shots, queries, seed):
    """The right answer of the exercise on episodes."""
    numbers = random.Random(seed)
    support, query = [], []
    for label, name in enumerate(numbers.sample(sorted(set(labels)), ways)):
        rows = numbers.sample(rows_of(labels, name), shots + queries)
        support += [(row, label) for row in rows[:shots]]
        query += [(row, label) for row in rows[shots:]]
    return support, query


def another_right_one(labels, ways, shots, queries, seed):
    """Tensors' random numbers, sides shuffled, pairs as lists of NumPy's numbers."""
    stream = torch.Generator().manual_seed(seed)
    names = torch.unique(torch.tensor(labels))
    sides = [], []
    for label, place in enumerate(torch.randperm(len(names), generator=stream)[:ways]):
        rows = torch.nonzero(torch.tensor(labels) == names[place]).flatten()
        rows = rows[torch.randperm(len(rows), generator=stream)].numpy()
        sides[0].extend([row, label] for row in rows[:shots])
        sides[1].extend([row, label] for row in rows[shots : shots + queries])
    return [sorted(side) for side in sides]


def with_rows(choose):
    """A sampler that chooses the rows of a class for both sides in a way of its own."""

    def mistaken(labels, ways, shots, queries, seed):
        numbers = random.Random(seed)
        support, query = [], []
        for label, name in enumerate(numbers.sample(sorted(set(labels)), ways)):
            for side, rows in zip(
                (support, query),
                choose(numbers, rows_of(labels, name), shots, queries),
                strict=True,
            ):
                side += [(row, label) for row in rows]
        return support, query

    return mistaken


def with_classes(choose):
    """A sampler that chooses classes, by their labels, in a way of its own."""

    def mistaken(labels, ways, shots, queries, seed):
        numbers = random.Random(seed)
        support, query = [], []
        for label, name in choose(numbers, sorted(set(labels)), ways, seed):
            rows = numbers.sample(rows_of(labels, name), shots + queries)
            support += [(row, label) for row in rows[:shots]]
            query += [(row, label) for row in rows[shots:]]
        return support, query

    return mistaken


def in_both(labels, ways, shots, queries, seed):
    support, query = deal(labels, ways, shots, queries, seed)
    return support, support[:1] + query[1:]


def classes_anew_in_query(labels, ways, shots, queries, seed):
    return deal(labels, ways, shots, queries, seed)[0], deal(
        labels, ways, shots, queries, seed + 999
    )[1]


def twice(labels, ways, shots, queries, seed):
    support, query = deal(labels, ways, shots, queries, seed)
    return support[:1] + support[:1] + support[2:], query


def one_class_twice(labels, ways, shots, queries, seed):
    sides = deal(labels, ways, shots, queries, seed)
    support, query = ([pair for pair in side if pair[1] > 1] for side in sides)
    rows = rows_of(labels, labels[sides[0][0][0]])  # of the class with label 0
    for label in (0, 1):
        mine = rows[label::2]
        support += [(row, label) for row in mine[:shots]]
        query += [(row, label) for row in mine[shots : shots + queries]]
    return support, query


def uneven(labels, ways, shots, queries, seed):
    support, query = deal(labels, ways, shots, queries, seed)
    own = {label: labels[row] for row, label in support}
    used = {row for row, _ in (*support, *query)}
    spare = next(row for row in rows_of(labels, own[0]) if row not in used)
    return [*support[:-1], (spare, 0)], query


COUNTER = itertools.count()
MISTAKES = {
    "on both sides": [
        with_rows(lambda numbers, rows, k, q: (numbers.sample(rows, k), numbers.sample(rows, q))),
        in_both,
    ],
    "twice": [
        with_rows(lambda numbers, rows, k, q: (numbers.choices(rows[q:], k=k), rows[:q])),
        twice,
    ],
    "same seed gives another": [
        lambda *given: deal(*given[:4], next(COUNTER)),
        lambda *given: deal(*given[:4], random.random()),
    ],
    "every seed gives the same": [lambda *given: deal(*given[:4], 0)],
    "instead of N times": [
        lambda labels, n, k, q, seed: deal(labels, 3, k, q, seed),
        lambda labels, n, k, q, seed: deal(labels, n, 2, q, seed),
        lambda labels, n, k, q, seed: deal(labels, n, k, 2, seed),
        lambda labels, n, k, q, seed: deal(labels, n, q, k, seed),
        lambda *given: ([], []),
    ],
    "are called 0 to N - 1": [
        with_classes(lambda numbers, names, n, seed: [(c, c) for c in numbers.sample(names, n)]),
        with_classes(lambda numbers, names, n, seed: enumerate(numbers.sample(names, n), 1)),
    ],
    "never get some labels": [
        with_classes(lambda numbers, names, n, seed: enumerate(sorted(numbers.sample(names, n)))),
    ],
    "few different orders": [
        with_classes(
            lambda numbers, names, n, seed: [
                (label, names[(label + seed) % len(names)]) for label in range(n)
            ]
        ),
    ],
    "never comes": [
        with_classes(lambda numbers, names, n, seed: enumerate(numbers.sample(names[:n], n))),
    ],
    "is never in": [
        with_rows(lambda numbers, rows, k, q: (rows[:k], numbers.sample(rows[k:], q))),
        with_rows(lambda numbers, rows, k, q: (numbers.sample(rows[:-q], k), rows[-q:])),
    ],
    "stands for two classes": [classes_anew_in_query],
    "one class has two labels": [one_class_twice],
    "is not in the table": [
        lambda *given: tuple([(row + 10_000, label) for row, label in s] for s in deal(*given)),
    ],
    "not every label has": [uneven],
    "asked for": [
        lambda *given: deal(*given)[0],
        lambda *given: tuple([(float(row), label) for row, label in s] for s in deal(*given)),
        lambda *given: tuple([row for row, _ in side] for side in deal(*given)),
        lambda *given: tuple([(float("nan"), label) for _, label in s] for s in deal(*given)),
    ],
}


@pytest.mark.parametrize("right", [deal, another_right_one])
def test_a_sampler_of_episodes_is_right(right):
    verdict = check_episode_sampler(right)
    assert verdict.right, verdict


@pytest.mark.parametrize(
    ("hint", "mistake"), [(hint, mistake) for hint, made in MISTAKES.items() for mistake in made]
)
def test_a_faulty_sampler_is_told_its_fault(hint, mistake):
    verdict = check_episode_sampler(mistake)
    assert not verdict.right
    assert hint in verdict.says, verdict


def test_no_answer_is_no_mistake():
    def stub(*given):
        raise NotImplementedError("your turn")

    assert check_leaked(stub, SAMPLERS, GROUPS).says.startswith(NOTHING_YET)
    assert check_episode_sampler(stub).says.startswith(NOTHING_YET)
