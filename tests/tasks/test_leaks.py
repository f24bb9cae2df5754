import pytest
import torch

from metalearn_lab.tasks.class_splits import ClassSplit
from metalearn_lab.tasks.episodes import Episode, EpisodeSampler
from metalearn_lab.tasks.leaks import (
    LeakError,
    assert_class_disjoint,
    assert_episode_is_clean,
    assert_split_texts_disjoint,
)
from metalearn_lab.tasks.table import LabelledTable

GROUPS = [row // 2 for row in range(24)]
SPLIT = ClassSplit(train=(0,), validation=(1,), test=(2,))


@pytest.fixture
def episode() -> Episode:
    labels = [row // 8 for row in range(24)]
    return EpisodeSampler(
        torch.arange(24), labels, groups=GROUPS, ways=3, shots=2, queries=2
    ).episode(0)


def table(*texts: str) -> LabelledTable:
    return LabelledTable(texts, (0, 1, 2), ("a", "b", "c"), (0, 1, 2), "here")


def test_clean_things_pass(episode: Episode) -> None:
    assert_episode_is_clean(episode)
    assert_episode_is_clean(episode, GROUPS)
    assert_episode_is_clean(episode, torch.tensor(GROUPS))
    assert_class_disjoint(SPLIT)
    assert_split_texts_disjoint(table("x", "y", "z"), SPLIT)


def test_class_in_two_parts() -> None:
    leaky = ClassSplit(train=(0, 1, 2), validation=(3,), test=(4, 2))
    with pytest.raises(LeakError, match=r"classes \[2\] are in both train and test"):
        assert_class_disjoint(leaky)


def test_row_on_both_sides(episode: Episode) -> None:
    row = int(episode.support_rows[1])
    query_rows = torch.cat([episode.query_rows[1:], torch.tensor([row])])
    with pytest.raises(LeakError, match=rf"rows \[{row}\] are in both support and query"):
        assert_episode_is_clean(episode._replace(query_rows=query_rows))


@pytest.mark.parametrize("side", ["support", "query"])
def test_row_twice_on_one_side(episode: Episode, side: str) -> None:
    rows = getattr(episode, f"{side}_rows").clone()
    rows[0] = rows[1]
    with pytest.raises(LeakError, match=rf"rows \[{int(rows[1])}\] stand more than once in {side}"):
        assert_episode_is_clean(episode._replace(**{f"{side}_rows": rows}))


def test_class_under_two_labels(episode: Episode) -> None:
    with pytest.raises(LeakError, match=r"two labels in the episode: its classes are \[1, 2, 1\]"):
        assert_episode_is_clean(episode._replace(classes=torch.tensor([1, 2, 1])))


def test_group_on_both_sides_is_seen_only_through_its_groups(episode: Episode) -> None:
    groups = torch.tensor(GROUPS)
    groups[episode.query_rows[0]] = groups[episode.support_rows[0]]
    leaked = int(groups[episode.support_rows[0]])
    assert_episode_is_clean(episode)
    with pytest.raises(LeakError, match=rf"groups \[{leaked}\] have rows in both"):
        assert_episode_is_clean(episode, groups)


def test_text_in_two_parts_whatever_its_case() -> None:
    with pytest.raises(LeakError, match="1 texts are in both train and test, for example 'hello'"):
        assert_split_texts_disjoint(table("Hello", "y", " hello"), SPLIT)


def test_a_leak_is_an_assertion_error() -> None:
    assert issubclass(LeakError, AssertionError)
