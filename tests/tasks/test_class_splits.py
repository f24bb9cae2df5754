import pytest
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.tasks.class_splits import ClassSplit, published_classes, split_classes
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
