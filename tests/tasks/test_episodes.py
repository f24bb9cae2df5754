import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from metalearn_lab.tasks.class_splits import split_classes
from metalearn_lab.tasks.dealing import dealable_classes
from metalearn_lab.tasks.episodes import Episode, EpisodeSampler
from metalearn_lab.tasks.leaks import assert_episode_is_clean
from metalearn_lab.tasks.sources import load_table

ELSEWHERE = """
import torch
from metalearn_lab.tasks.episodes import EpisodeSampler
labels = [row // 20 for row in range(160)]
groups = [row // 4 for row in range(160)]
sampler = EpisodeSampler(
    torch.arange(160), labels, groups=groups, ways=5, shots=2, queries=6, split="test", seed=3
)
for index in (17, 2, 900):
    episode = sampler.episode(index)
    print(index, episode.support_rows.tolist(), episode.query_rows.tolist(),
          episode.classes.tolist())
"""


class Rows(NamedTuple):
    labels: list[int]
    groups: list[int]


def rows_of(classes: list[list[int]]) -> Rows:
    """Rows of classes that are given by the sizes of their groups."""
    rows = Rows([], [])
    for label, sizes in enumerate(classes):
        for size in sizes:
            group = max(rows.groups, default=-1) + 1
            rows.labels.extend([label] * size)
            rows.groups.extend([group] * size)
    return rows


def sampler_of(**options: Any) -> EpisodeSampler:
    """Eight classes of 20 items in groups of four, 5-way 2-shot, unless told otherwise."""
    rows = rows_of([[4] * 5] * 8)
    settings = {
        "x": torch.arange(160),
        "labels": rows.labels,
        "groups": rows.groups,
        "ways": 5,
        "shots": 2,
        "queries": 6,
        **options,
    }
    return EpisodeSampler(settings.pop("x"), settings.pop("labels"), **settings)


def same(one: Episode, other: Episode) -> bool:
    return one.task.support.x.equal(other.task.support.x) and all(
        a.equal(b) for a, b in zip(one[1:], other[1:], strict=True)
    )


CLASSES = st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=6), min_size=2, max_size=6)


def dealable(rows, shots: int, queries: int) -> tuple[int, ...]:
    try:
        return dealable_classes(rows.labels, rows.groups, shots=shots, queries=queries)
    except ValueError:  # of no class
        return ()


@given(
    classes=CLASSES,
    ways=st.integers(2, 4),
    shots=st.integers(1, 3),
    queries=st.integers(1, 4),
    address=st.tuples(st.integers(0, 10**6), st.sampled_from(["train", "test"])),
)
def test_every_episode_keeps_its_promises(
    classes: list[list[int]], ways: int, shots: int, queries: int, address: tuple[int, str]
) -> None:
    """N distinct classes of the split, K and Q items each, none twice, no group on both sides."""
    rows = rows_of(classes)
    usable = dealable(rows, shots, queries)
    if len(usable) < ways:
        return
    sampler = EpisodeSampler(
        torch.arange(len(rows.labels)),
        rows.labels,
        groups=rows.groups,
        ways=ways,
        shots=shots,
        queries=queries,
        classes=usable,
        seed=address[0],
        split=address[1],
    )
    labels = torch.tensor(rows.labels)
    for index in range(3):
        episode = sampler.episode(index)
        assert len(set(episode.classes.tolist())) == ways
        assert set(episode.classes.tolist()) <= set(usable)
        sides = zip(episode.task, episode[1:3], (shots, queries), strict=True)
        for split, side_rows, each in sides:
            assert split.x.equal(side_rows), "x holds the row numbers"
            assert split.y.tolist() == list(range(ways)) * each, "shot by shot"
            assert labels[side_rows].equal(episode.classes[split.y])
        assert_episode_is_clean(episode, rows.groups)


@given(classes=CLASSES, shots=st.integers(1, 4), queries=st.integers(1, 6))
def test_a_class_is_refused_exactly_when_it_cannot_be_dealt(
    classes: list[list[int]], shots: int, queries: int
) -> None:
    rows = rows_of(classes)
    options = {"groups": rows.groups, "ways": 2, "shots": shots, "queries": queries}
    x = torch.zeros(len(rows.labels), 1)
    if len(dealable(rows, shots, queries)) < len(classes):
        with pytest.raises(ValueError, match=r"^class '\d' has \d+ items"):
            EpisodeSampler(x, rows.labels, **options)
    else:
        assert len(EpisodeSampler(x, rows.labels, **options).classes) == len(classes)


@given(indices=st.lists(st.integers(0, 10**9), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_an_episode_is_the_same_in_any_order(indices: list[int], seed: int) -> None:
    forwards = [sampler_of(seed=seed).episode(index) for index in indices]
    sampler = sampler_of(seed=seed)
    backwards = [sampler.episode(index) for index in reversed(indices)]
    assert all(map(same, forwards, reversed(backwards)))


def test_an_episode_is_the_same_in_another_process(repository: Path) -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", ELSEWHERE],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(repository)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    sampler = sampler_of(split="test", seed=3)
    here = []
    for index in (17, 2, 900):
        _, support, query, classes = sampler.episode(index)
        here.append(f"{index} {support.tolist()} {query.tolist()} {classes.tolist()}\n")
    assert said == {"".join(here)}


@pytest.mark.parametrize("change", [{"seed": 1}, {"split": "test"}])
def test_every_part_of_the_address_counts(change: dict[str, Any]) -> None:
    assert not same(sampler_of().episode(0), sampler_of(**change).episode(0))
    assert not same(sampler_of().episode(0), sampler_of().episode(1))


def test_order_of_the_classes_given_does_not_count() -> None:
    one, other = sampler_of(classes=[6, 0, 3, 2, 5]), sampler_of(classes=[0, 2, 3, 5, 6])
    assert one.classes == other.classes == (0, 2, 3, 5, 6)
    assert same(one.episode(4), other.episode(4))


def test_every_class_gets_every_label() -> None:
    sampler = sampler_of()
    seen: Counter[tuple[int, int]] = Counter()
    for index in range(800):
        seen.update(enumerate(sampler.episode(index).classes.tolist()))
    assert len(seen) == 5 * 8
    # 800 draws of one class in eight: 100 expected, standard deviation 9.4
    assert 55 < min(seen.values()) <= max(seen.values()) < 145


def test_every_item_serves_on_both_sides() -> None:
    sampler = sampler_of()
    episodes = [sampler.episode(index) for index in range(600)]
    for side in ("support_rows", "query_rows"):
        counts = Counter(row for each in episodes for row in getattr(each, side).tolist())
        assert len(counts) == 160
        assert max(counts.values()) < 3 * min(counts.values())


def test_a_batch_is_its_episodes_stacked() -> None:
    sampler = sampler_of(x=torch.randn(160, 3, generator=torch.Generator().manual_seed(0)))
    batch = sampler.batch(10, 4)
    assert batch.support.x.shape == (4, 10, 3)
    assert batch.query.x.shape == (4, 30, 3)
    for position in range(4):
        for side, expected in zip(batch, sampler.episode(10 + position).task, strict=True):
            assert side.x[position].equal(expected.x)
            assert side.y[position].equal(expected.y)


def test_a_batch_with_classes_says_which_class_each_label_is() -> None:
    sampler = sampler_of(classes=[1, 2, 3, 5, 6, 7])
    batch, classes = sampler.batch_with_classes(10, 4)
    for split, expected in zip(batch, sampler.batch(10, 4), strict=True):
        assert split.x.equal(expected.x)
        assert split.y.equal(expected.y)
    for position in range(4):
        assert classes[position].equal(sampler.episode(10 + position).classes)


def test_pretraining_sees_the_same_items_under_fixed_labels() -> None:
    sampler = sampler_of(classes=[1, 2, 3, 5, 6, 7])
    task = sampler.pretraining_batch(10, 4)
    batch = sampler.batch(10, 4)
    assert task.support.x.shape == task.support.y.shape == (1, 4 * 5 * (2 + 6))
    assert task.query.x.equal(task.support.x)
    assert task.query.y.equal(task.support.y)
    rows = task.support.x[0]
    expected = torch.cat([batch.support.x.flatten(), batch.query.x.flatten()])
    assert rows.sort().values.equal(expected.sort().values)
    labels = rows // 20
    assert torch.tensor(sampler.classes)[task.support.y[0]].equal(labels)


def test_integer_items_keep_their_type_and_shape() -> None:
    task = sampler_of(x=torch.zeros(160, 7, dtype=torch.int64)).episode(0).task
    assert task.support.x.dtype == torch.int64
    assert task.support.x.shape == (10, 7)
    assert task.support.y.dtype == torch.int64


def test_english_episodes_are_disjoint_by_template() -> None:
    table = load_table("embedded")
    usable = set(dealable_classes(table.labels, table.groups, shots=5, queries=5))
    for part, classes in split_classes(table, seed=0)._asdict().items():
        sampler = EpisodeSampler(
            torch.arange(len(table)),
            table.labels,
            groups=table.groups,
            class_names=table.classes,
            classes=sorted(usable & set(classes)),
            split=part,
            ways=5,
            shots=5,
            queries=5,
        )
        for index in range(20):
            assert_episode_is_clean(sampler.episode(index), table.groups)


def test_from_dataset_groups_repeated_sentences() -> None:
    texts = ["Yes", "yes", "no", "nope", "No way", "hm", "well", "er"]
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["y", "n", "z"])}
    )
    data = datasets.Dataset.from_dict(
        {"text": texts, "label": [0, 0, 1, 1, 1, 2, 2, 2]}, features=features
    )

    def encode(texts: list[str]) -> Tensor:
        return torch.tensor([[len(text)] for text in texts])

    sampler = EpisodeSampler.from_dataset(
        data, "label", encode, ways=2, shots=1, queries=1, classes=[1, 2]
    )
    rows = sampler.episode(0).support_rows
    assert sampler.episode(0).task.support.x.flatten().tolist() == [len(texts[row]) for row in rows]
    with pytest.raises(ValueError, match=r"class 'y' has 2 items in 1 groups of sizes \[2\]"):
        EpisodeSampler.from_dataset(data, "label", encode, ways=2, shots=1, queries=1)


def broken(value: float) -> Tensor:
    x = torch.zeros(160, 2)
    x[7, 1] = value
    return x


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ways": 1}, "ways must be 2 or more, got 1"),
        ({"ways": 9}, "9-way episodes need 9 classes, but split 'train' has 8"),
        ({"classes": [0, 1, 2], "split": "test"}, "split 'test' has 3: use fewer ways"),
        ({"shots": 0}, "shots must be 1 or more, got 0"),
        ({"queries": -2}, "queries must be 1 or more, got -2"),
        (
            {"shots": 10, "queries": 11},
            "class '0' has 20 items, but 10 support and 11 query items "
            "need 21: use fewer shots or queries",
        ),
        (
            {"shots": 7, "queries": 13},
            r"class '0' has 20 items in 5 groups of sizes \[4, 4, 4, 4, "
            r"4\], and no choice of whole groups leaves 7 support and 13 query items",
        ),
        ({"x": broken(float("nan"))}, "1 of 160 rows hold NaN or infinity, the first is row 7"),
        ({"x": broken(float("inf"))}, "hold NaN or infinity, the first is row 7"),
        ({"labels": [0] * 159}, "x has 160 rows, but there are 159 labels"),
        ({"groups": [0] * 3}, "x has 160 rows, but there are 3 groups"),
        (
            {"labels": [-1] + [0] * 159},
            "labels must be 0 or more, but 1 are not, the first is row 0 with label -1",
        ),
        (
            {"class_names": ["a", "b"]},
            r"labels must be 0\.\.1, but 120 are not, the first is row 40 "
            "with label 2",
        ),
        ({"classes": [0, 1, 2, 3, 99]}, r"classes \[99\] of split 'train' are not in the table"),
        ({"classes": [0, 1, 2, 3, 3]}, r"must differ, got \[0, 1, 2, 3, 3\]"),
        ({"groups": [0] * 160}, "group 0 has rows of classes '0' and '1': a group must lie within"),
        ({"x": torch.zeros(0), "labels": [], "groups": []}, "split 'train' has 0"),
    ],
)
def test_what_would_break_an_episode_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sampler_of(**options)


@pytest.mark.parametrize("labels", [torch.zeros(160), torch.zeros(160, 1).long(), [b"a"] * 160])
def test_labels_that_are_not_one_integer_a_row(labels: Any) -> None:
    with pytest.raises(TypeError, match="labels must be one integer a row, got"):
        sampler_of(labels=labels)


@pytest.mark.parametrize("kind", [list, np.array])
def test_labels_and_classes_may_be_names(kind: Any) -> None:
    """The same episodes as with the numbers that the names have in sorted order."""
    x, numbers = np.arange(160.0)[:, None], [row % 8 for row in range(160)]
    names = [f"class {number}" for number in numbers]
    settings = {"ways": 3, "shots": 2, "queries": 2, "seed": 4}
    by_number = EpisodeSampler(torch.from_numpy(x), numbers, classes=[1, 3, 5, 7], **settings)
    wanted = [f"class {number}" for number in (7, 5, 3, 1)]
    by_name = EpisodeSampler(x, kind(names), classes=wanted, **settings)
    one, other = by_number.episode(3), by_name.episode(3)
    assert torch.equal(one.task.support.x, other.task.support.x)
    assert torch.equal(one.classes, other.classes)
    assert by_name.class_names[int(other.classes[0])] == f"class {int(one.classes[0])}"
    with pytest.raises(ValueError, match=r"no class named \['class 9'\]; the classes are: class 0"):
        EpisodeSampler(x, names, classes=["class 9"], **settings)
    with pytest.raises(ValueError, match=r"row 1 .* has no class, but label None"):
        EpisodeSampler(x, ["a", None, *names[2:]], **settings)


def test_names_stand_in_messages() -> None:
    names = [f"intent {index}" for index in range(8)]
    with pytest.raises(ValueError, match="class 'intent 0' has 20 items"):
        sampler_of(shots=20, class_names=names)


@pytest.mark.parametrize("draw", ["episode", "batch", "batch_with_classes", "pretraining_batch"])
def test_negative_index_is_refused(draw: str) -> None:
    counts = () if draw == "episode" else (2,)
    with pytest.raises(ValueError, match="index must be 0 or more, got -1"):
        getattr(sampler_of(), draw)(-1, *counts)


@pytest.mark.parametrize("draw", ["batch", "batch_with_classes", "pretraining_batch"])
def test_a_batch_of_none_is_refused(draw: str) -> None:
    with pytest.raises(ValueError, match="number of episodes must be 1 or more, got 0"):
        getattr(sampler_of(), draw)(0, 0)


@pytest.mark.parametrize(
    ("seed", "support", "query"),
    [
        (0, [10, 19, 43, 29, 10, 11], [9, 21, 36, 2, 20, 38, 25, 1, 22, 23, 3, 20]),
        (7, [10, 39, 34, 10, 23, 41], [8, 47, 26, 5, 45, 30, 8, 28, 42, 4, 29, 44]),
    ],
)
def test_an_address_keeps_its_episode_from_version_to_version(
    seed: int, support: list[int], query: list[int]
) -> None:
    """Uneven classes, and groups of which some orders leave no deal."""
    rows = rows_of([[10, 1], [9, 2, 1], [4, 4, 4], [7, 6]])
    sampler = EpisodeSampler(
        torch.arange(len(rows.labels)),
        rows.labels,
        groups=rows.groups,
        ways=3,
        shots=1,
        queries=2,
        seed=seed,
    )
    episodes = [sampler.episode(index) for index in (0, 999)]
    assert torch.cat([each.support_rows for each in episodes]).tolist() == support
    assert torch.cat([each.query_rows for each in episodes]).tolist() == query
