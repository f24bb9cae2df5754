from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.tasks.class_splits import (
    ClassSplit,
    published_classes,
    split_classes,
    split_with_one_validation,
)
from metalearn_lab.tasks.table import LabelledTable, Row, build_table


def table_of(names: list[str]) -> LabelledTable:
    return build_table([Row(f"text {name}", name, 0) for name in names], "here")


def named(table: LabelledTable, split: ClassSplit) -> list[set[str]]:
    return [{table.classes[label] for label in part} for part in split]


@given(
    count=st.integers(3, 40),
    seed=st.integers(0, 2**31),
    shares=st.tuples(*[st.floats(0.01, 1)] * 3),
)
def test_parts_are_disjoint_not_empty_and_hold_every_class(
    count: int, seed: int, shares: tuple[float, float, float]
) -> None:
    fractions = tuple(share / sum(shares) for share in shares)
    table = table_of([f"class {index:02}" for index in range(count)])
    split = split_classes(table, seed=seed, fractions=fractions)  # type: ignore[arg-type]
    assert sorted(sum(split, ())) == list(range(count))
    assert min(map(len, split)) >= 1
    assert all(
        abs(len(part) - fraction * count) < 2
        for part, fraction in zip(split, fractions, strict=True)
    )


@given(seed=st.integers(0, 1000), order=st.permutations([f"class {index}" for index in range(9)]))
def test_split_depends_on_names_not_on_rows(seed: int, order: list[str]) -> None:
    table = table_of(sorted(order))
    shuffled = LabelledTable(
        tuple(order), tuple(range(9)), tuple(order), tuple(range(9)), "other order"
    )
    assert named(table, split_classes(table, seed=seed)) == named(
        shuffled, split_classes(shuffled, seed=seed)
    )


def test_sizes_follow_the_fractions() -> None:
    table = table_of([f"class {index:02}" for index in range(47)])
    assert [len(part) for part in split_classes(table, seed=0)] == [23, 12, 12]
    other = split_classes(table, seed=0, fractions=(0.55, 0.15, 0.3))
    assert [len(part) for part in other] == [26, 7, 14]


def test_another_seed_is_another_split() -> None:
    table = table_of([f"class {index:02}" for index in range(20)])
    assert len({split_classes(table, seed=seed) for seed in range(10)}) == 10


def test_too_few_classes_are_named() -> None:
    with pytest.raises(ValueError, match="need at least 3 classes, the table has 2: neg, pos"):
        split_classes(table_of(["pos", "neg"]), seed=0)


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0.5, 0.5, 0.5), (1.0, 0.0, 0.0), (-1, 1, 1)])
def test_fractions_that_are_no_shares(fractions: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match=r"three positive numbers .* that sum to 1, got"):
        split_classes(table_of(["a", "b", "c"]), seed=0, fractions=fractions)


@given(
    count=st.integers(3, 40),
    seeds=st.tuples(*[st.integers(0, 2**31)] * 2),
    shares=st.tuples(*[st.floats(0.05, 1)] * 3),
)
def test_with_one_validation_the_parts_are_disjoint_and_the_validation_classes_stay(
    count: int, seeds: tuple[int, int], shares: tuple[float, float, float]
) -> None:
    table = table_of([f"class {index:02}" for index in range(count)])
    train, validation, _ = fractions = tuple(share / sum(shares) for share in shares)
    one, other = (
        split_with_one_validation(table, seed=seed, train=train, validation=validation)
        for seed in seeds
    )
    assert one.validation == other.validation
    for split in (one, other):
        assert sorted(sum(split, ())) == list(range(count))
        assert all(list(part) == sorted(part) for part in split)
        sizes = [len(part) for part in split]
        assert min(sizes) >= 1
        assert all(abs(n - f * count) < 2 for n, f in zip(sizes, fractions, strict=True))


def test_half_of_the_classes_are_trained_on_and_a_fifth_chooses() -> None:
    table = table_of([f"class {index:03}" for index in range(150)])
    splits = [split_with_one_validation(table, seed=seed) for seed in range(10)]
    assert {tuple(map(len, split)) for split in splits} == {(75, 30, 45)}
    assert len({split.train for split in splits}) == len({split.test for split in splits}) == 10
    # Neither the first in the alphabet nor in a row: of 30 in 150, 10 are expected in each third.
    thirds = [sum(c // 50 == third for c in splits[0].validation) for third in range(3)]
    assert min(thirds) >= 3


def test_every_other_class_is_trained_on_and_reported_on_in_turn() -> None:
    table = table_of([f"class {index:02}" for index in range(20)])
    splits = [split_with_one_validation(table, seed=seed) for seed in range(60)]
    others = set(range(20)) - set(splits[0].validation)
    for part in ("train", "test"):
        counts = [sum(c in getattr(split, part) for split in splits) for c in sorted(others)]
        share = len(getattr(splits[0], part)) / len(others)
        # 60 draws with this share: a standard deviation of 3.8 or less
        assert all(abs(count - 60 * share) < 16 for count in counts)


def test_fewer_training_classes_are_some_of_the_larger_number_and_the_rest_stays() -> None:
    table = table_of([f"class {index:02}" for index in range(40)])
    for seed in range(3):
        splits = [
            split_with_one_validation(table, seed=seed, most_train=n) for n in (1, 6, 20, None)
        ]
        assert [len(split.train) for split in splits] == [1, 6, 20, 20]
        for fewer, more in pairwise(splits):
            assert set(fewer.train) <= set(more.train)
            assert (fewer.validation, fewer.test) == (more.validation, more.test)
        assert splits[1].train != splits[2].train[:6]  # some at random, not the first by name


@given(seed=st.integers(0, 1000), order=st.permutations([f"class {index}" for index in range(9)]))
def test_one_validation_depends_on_names_not_on_rows(seed: int, order: list[str]) -> None:
    table = table_of(sorted(order))
    shuffled = LabelledTable(
        tuple(order), tuple(range(9)), tuple(order), tuple(range(9)), "other order"
    )
    assert named(table, split_with_one_validation(table, seed=seed, most_train=3)) == named(
        shuffled, split_with_one_validation(shuffled, seed=seed, most_train=3)
    )


def test_what_one_validation_refuses() -> None:
    table = table_of([f"class {index}" for index in range(10)])
    for most in (0, -1, 6):
        with pytest.raises(ValueError, match=f"most_train must be 1 to 5 training .*, got {most}"):
            split_with_one_validation(table, seed=0, most_train=most)
    for shares in ({"validation": 0.5}, {"train": 0.0}, {"validation": -0.1}, {"train": 0.9}):
        with pytest.raises(ValueError, match=r"three positive numbers .* that sum to 1, got"):
            split_with_one_validation(table, seed=0, **shares)
    with pytest.raises(ValueError, match="need at least 3 classes, the table has 2: neg, pos"):
        split_with_one_validation(table_of(["pos", "neg"]), seed=0)


def test_published_split_is_absent_or_lacks_a_part() -> None:
    rows = [Row("1", "a", 0), Row("2", "b", 0)]
    with pytest.raises(
        ValueError, match=r"no published class-disjoint split in this source \(here"
    ):
        published_classes(build_table(rows, "here"))
    with pytest.raises(
        ValueError, match="no validation classes, and too few training classes to set some apart: a"
    ):
        published_classes(build_table(rows, "here", {"train": ("a",), "test": ("b",)}))
