import pytest
import torch

from metalearn_lab.exercises.episodes import (
    check_batch_sentences,
    check_leaked,
    check_refused_ways,
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


def test_the_sentences_of_a_batch():
    assert check_batch_sentences(200).right
    for answer, hint in {80: "support alone", 25: "one episode", 7: "episodes times"}.items():
        assert hint in check_batch_sentences(answer).says
        assert not check_batch_sentences(answer).right


def test_the_ways_that_are_refused():
    assert check_refused_ways(7, classes=6).right
    assert "that many it can" in check_refused_ways(6, classes=6).says
    assert "validation" in check_refused_ways(9, classes=6).says


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


def test_no_answer_is_no_mistake():
    def stub(episode, groups):
        raise NotImplementedError("your turn")

    assert check_leaked(stub, SAMPLERS, GROUPS).says.startswith(NOTHING_YET)
    assert check_batch_sentences(None).says.startswith(NOTHING_YET)
    assert check_refused_ways(None, classes=6).says.startswith(NOTHING_YET)
