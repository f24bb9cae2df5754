"""What must be true before an episode can be drawn, each with a message that says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from metalearn_lab.tasks.dealing import ClassItems, find_support_groups


def check_counts(ways: int, shots: int, queries: int) -> None:
    """Raise ValueError (TypeError) unless ways ≥ 2, shots ≥ 1, queries ≥ 1 are whole numbers."""
    counts: dict[str, tuple[Any, int, str]] = {
        "ways": (ways, 2, ": one class leaves nothing to tell"),
        "shots": (shots, 1, ""),
        "queries": (queries, 1, ""),
    }
    for name, (count, least_count, reason) in counts.items():
        if not isinstance(count, Integral):
            raise TypeError(f"{name} must be a whole number, got {count!r}")
        if count < least_count:
            raise ValueError(f"{name} must be {least_count} or more, got {count}{reason}")


def check_address(first: int, count: int) -> None:
    """Raise ValueError for a negative index, or for no episodes at all."""
    if first < 0:
        raise ValueError(f"an episode's index must be 0 or more, got {first}")
    if count < 1:
        raise ValueError(f"the number of episodes must be 1 or more, got {count}")


def item_tensor(x: Any) -> Tensor:
    """The items as one tensor; writable arrays of NumPy share their memory with it."""
    if isinstance(x, Tensor):
        return x
    try:
        import numpy as np

        return torch.as_tensor(np.require(x, requirements="W"))
    except (TypeError, ValueError):
        raise TypeError(
            f"x must be a tensor or an array of numbers, [rows, ...], got {x!r:.80}: encode the "
            "items first, texts for example by hashed_ngrams"
        ) from None


def check_columns(x: Tensor, labels: Tensor, groups: Tensor) -> None:
    """Raise ValueError unless x, labels and groups have one entry a row and x is finite."""
    for name, column in {"labels": labels, "groups": groups}.items():
        if len(column) != len(x):
            raise ValueError(f"x has {len(x)} rows, but there are {len(column)} {name}")
    if x.is_floating_point() and not torch.isfinite(x).all():
        bad_rows = torch.nonzero(~torch.isfinite(x).reshape(len(x), -1).all(dim=1)).flatten()
        raise ValueError(
            f"x must be finite, but {len(bad_rows)} of {len(x)} rows hold NaN or infinity, "
            f"the first is row {int(bad_rows[0])}"
        )


def check_labels_in_range(labels: Tensor, class_names: Sequence[str] | None) -> None:
    """Raise ValueError where a label is negative, or has no name where names are given."""
    largest = torch.iinfo(labels.dtype).max if class_names is None else len(class_names) - 1
    rows = torch.nonzero((labels < 0) | (labels > largest)).flatten()
    if len(rows):
        wanted = "0 or more" if class_names is None else f"0..{largest}"
        raise ValueError(
            f"labels must be {wanted}, but {len(rows)} are not, the first is row {int(rows[0])} "
            f"with label {int(labels[rows[0]])}: leave out rows without a class, and number the "
            "classes from 0"
        )


def check_classes(classes: Sequence[int], known_classes: list[int], ways: int, split: str) -> None:
    """Raise ValueError unless the classes are distinct, in the table, and enough."""
    if len(set(classes)) < len(classes):
        raise ValueError(f"classes of split {split!r} must differ, got {[*classes]}")
    missing = sorted(set(classes) - set(known_classes))
    if missing:
        raise ValueError(
            f"classes {missing} of split {split!r} are not in the table: no row has such a label"
        )
    if ways > len(classes):
        raise ValueError(
            f"{ways}-way episodes need {ways} classes, but split {split!r} has {len(classes)}: "
            "use fewer ways or a split with more classes"
        )


def check_groups_within_classes(
    labels: Tensor, groups: Tensor, classes: Tensor, names: Mapping[int, str]
) -> None:
    """Raise ValueError when a group has rows of two of the classes.

    Such a group could stand on the support side of one class and the query side of another.
    """
    rows = torch.nonzero(torch.isin(labels, classes)).flatten()
    sorted_rows = rows[groups[rows].argsort(stable=True)]
    same_group = groups[sorted_rows][1:] == groups[sorted_rows][:-1]
    broken_positions = torch.nonzero(
        same_group & (labels[sorted_rows][1:] != labels[sorted_rows][:-1])
    ).flatten()
    if len(broken_positions):
        one, other = sorted_rows[int(broken_positions[0]) :][:2].tolist()
        raise ValueError(
            f"group {int(groups[one])} has rows of classes {names[int(labels[one])]!r} and "
            f"{names[int(labels[other])]!r}: a group must lie within one class, else it could be "
            f"in support for one and in query for the other. See rows {one} and {other}: of one "
            "sentence under two classes leave out at least one"
        )


def find_fallback_deal(
    items: ClassItems, names: Mapping[int, str], *, shots: int, queries: int
) -> Tensor:
    """A deal of the groups of each class that works (see ``dealing.find_support_groups``).

    Args:
        items: the items of each class.
        names: of the same classes in the same order, by their numbers.
        shots: support items a class.
        queries: query items a class.

    Returns:
        ``[groups of all classes]`` bool, True on the support side.

    Raises:
        ValueError: for the first class without the items, or the groups, for an episode.
    """
    wanted = f"{shots} support and {queries} query items"
    fallback_deal = torch.zeros(len(items.group_sizes), dtype=torch.bool)
    columns_by_class = (
        values.split_with_sizes(items.group_counts.tolist())
        for values in (items.group_sizes, fallback_deal)
    )
    for name, group_sizes, on_support in zip(names.values(), *columns_by_class, strict=True):
        sizes = group_sizes.tolist()
        if sum(sizes) < shots + queries:
            raise ValueError(
                f"class {name!r} has {sum(sizes)} items, but {wanted} need "
                f"{shots + queries}: use fewer shots or queries, or leave the class out"
            )
        support_groups = find_support_groups(sizes, shots, queries)
        if support_groups is None:
            raise ValueError(
                f"class {name!r} has {sum(sizes)} items in {len(sizes)} groups of sizes "
                f"{sorted(sizes, reverse=True)[:10]}, and no choice of whole groups leaves "
                f"{wanted} on two sides without a common group: use fewer shots or queries, "
                "or leave the class out"
            )
        on_support[list(support_groups)] = True
    return fallback_deal
