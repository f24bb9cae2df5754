"""Class-disjoint splits: a class met in training is never met again in validation or test."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.table import LabelledTable, class_numbers


class ClassSplit(NamedTuple):
    """Classes of each part, as indices into ``table.classes``, in rising order.

    Attributes:
        train: classes to meta-train on.
        validation: classes to choose settings by.
        test: classes to report on.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def split_classes(
    table: LabelledTable,
    *,
    seed: int,
    fractions: tuple[float, float, float] = (0.5, 0.25, 0.25),
) -> ClassSplit:
    """Deal the classes to train, validation and test at random.

    The split depends on the seed, the fractions and the class names alone: not on the texts, not
    on the order of rows. One split is one draw, and it moves accuracy more than most learners
    do, so report several seeds.

    Args:
        table: the labelled table.
        seed: another seed is another split.
        fractions: shares of train, validation and test; they sum to 1. Every part gets at least
            one class.

    Raises:
        ValueError: fewer than three classes, or fractions that are not three positive numbers
            that sum to 1.
    """
    sizes = _part_sizes(table.classes, fractions)
    indices_by_name = sorted(range(len(table.classes)), key=lambda index: table.classes[index])
    positions = torch.randperm(
        len(indices_by_name), generator=generator("class split", seed)
    ).tolist()
    shuffled = [indices_by_name[position] for position in positions]
    train, validation = sizes[0], sizes[0] + sizes[1]
    parts = (shuffled[:train], shuffled[train:validation], shuffled[validation:])
    return ClassSplit(*(tuple(sorted(part)) for part in parts))


def split_with_one_validation(
    table: LabelledTable,
    *,
    seed: int,
    validation: float = 0.2,
    train: float = 0.5,
    most_train: int | None = None,
) -> ClassSplit:
    """Class splits that share their validation classes, so that settings need be chosen once.

    The validation classes are the same for every seed and stand in no test part: what was chosen
    by them was never chosen by a class that is reported on. The others are dealt to train and
    test by the seed.

    Args:
        table: the labelled table.
        seed: another seed is another split of the others.
        validation: share of all classes that settings are chosen by.
        train: share of all classes to train on; the rest is reported on.
        most_train: of these, keep so many at random; all if None.

    Raises:
        ValueError: as ``split_classes``, or fewer than one training class to keep.
    """
    sizes = _part_sizes(table.classes, (train, validation, 1 - train - validation))
    names = sorted(range(len(table.classes)), key=lambda index: table.classes[index])

    def shuffled(classes: list[int], *address: int | str) -> list[int]:
        order = torch.randperm(len(classes), generator=generator(*address))
        return [classes[position] for position in order.tolist()]

    by_chance = shuffled(names, "validation classes")
    chosen_by, others = by_chance[: sizes[1]], sorted(by_chance[sizes[1] :], key=names.index)
    dealt = shuffled(others, "class split beside one validation", seed)
    kept = sizes[0] if most_train is None else most_train
    if not 1 <= kept <= sizes[0]:
        raise ValueError(f"most_train must be 1 to {sizes[0]} training classes, got {kept}")
    parts = (dealt[:kept], chosen_by, dealt[sizes[0] :])
    return ClassSplit(*(tuple(sorted(part)) for part in parts))


def published_classes(table: LabelledTable) -> ClassSplit:
    """The class-disjoint split that the source itself publishes.

    Where it publishes no validation classes, a quarter of the training classes, the same ones
    every time, are set apart for it.

    Raises:
        ValueError: the source publishes none, or one without train or test, or with too few
            training classes to set some apart.
    """
    if table.published_split is None:
        raise ValueError(
            f"no published class-disjoint split in this source ({table.source}): "
            "draw one with split_classes(table, seed=...)"
        )
    missing = [part for part in ("train", "test") if not table.published_split.get(part)]
    if missing:
        raise ValueError(
            f"the published split has no classes for {', '.join(missing)} ({table.source}): "
            "draw a split with split_classes(table, seed=...)"
        )
    published = dict(table.published_split)
    if not published.get("validation"):
        published |= _add_validation(published["train"])
    parts = (class_numbers(published[part], table.classes) for part in ClassSplit._fields)
    return ClassSplit(*(tuple(sorted(part)) for part in parts))


def _add_validation(train: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    if len(train) < 2:
        raise ValueError(
            "the published split has no validation classes, and too few training classes to set "
            f"some apart: {', '.join(train)}"
        )
    names = sorted(train)
    positions = torch.randperm(
        len(names), generator=generator("published split, validation")
    ).tolist()
    validation_names = [names[position] for position in positions[: max(1, len(names) // 4)]]
    return {
        "train": tuple(sorted({*names} - {*validation_names})),
        "validation": tuple(sorted(validation_names)),
    }


def _part_sizes(classes: tuple[str, ...], fractions: tuple[float, ...]) -> list[int]:
    """Largest remainders, then at least one class for every part."""
    if len(fractions) != 3 or min(fractions) <= 0 or not math.isclose(sum(fractions), 1.0):
        raise ValueError(
            "fractions must be three positive numbers (train, validation, test) that sum to 1, "
            f"got {fractions}"
        )
    if len(classes) < 3:
        raise ValueError(
            "class-disjoint train, validation and test need at least 3 classes, "
            f"the table has {len(classes)}: {', '.join(classes) or 'none'}"
        )
    shares = [fraction * len(classes) for fraction in fractions]
    sizes = [math.floor(share) for share in shares]
    by_remainder = sorted(range(3), key=lambda part: sizes[part] - shares[part])
    for part in by_remainder[: len(classes) - sum(sizes)]:
        sizes[part] += 1
    while min(sizes) == 0:
        sizes[sizes.index(max(sizes))] -= 1
        sizes[sizes.index(0)] += 1
    return sizes
