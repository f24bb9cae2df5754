"""What must be true before an episode can be drawn, each with a message that says what to do."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from metalearn_lab.tasks.dealing import find_deal


def check_counts(ways: int, shots: int, queries: int) -> None:
    """Raise ValueError unless there are two ways or more, and a shot and a query a class."""
    if ways < 2:
        raise ValueError(f"ways must be 2 or more, got {ways}: one class leaves nothing to tell")
    for name, value in {"shots": shots, "queries": queries}.items():
        if value < 1:
            raise ValueError(f"{name} must be 1 or more, got {value}")


def check_address(first: int, count: int) -> None:
    """Raise ValueError for a negative index, or for no episodes at all."""
    if first < 0:
        raise ValueError(f"an episode's index must be 0 or more, got {first}")
    if count < 1:
        raise ValueError(f"the number of episodes must be 1 or more, got {count}")


def integer_column(name: str, values: Sequence[int] | Tensor) -> Tensor:
    """One integer a row, as an int64 tensor on the CPU; TypeError for anything else."""
    try:
        column = torch.as_tensor(values).cpu()
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be one integer a row, got {values!r:.80}") from None
    if column.ndim != 1 or (column.is_floating_point() and len(column)):
        raise TypeError(
            f"{name} must be one integer a row, got a tensor of shape {list(column.shape)} "
            f"and type {column.dtype}"
        )
    return column.long()


def check_columns(x: Tensor, labels: Tensor, groups: Tensor) -> None:
    """Raise ValueError unless x, labels and groups have one entry a row and x is finite."""
    for name, column in {"labels": labels, "groups": groups}.items():
        if len(column) != len(x):
            raise ValueError(f"x has {len(x)} rows, but there are {len(column)} {name}")
    if x.is_floating_point() and not torch.isfinite(x).all():
        bad = torch.nonzero(~torch.isfinite(x).reshape(len(x), -1).all(dim=1)).flatten()
        raise ValueError(
            f"x must be finite, but {len(bad)} of {len(x)} rows hold NaN or infinity, "
            f"the first is row {int(bad[0])}"
        )


def check_labels_in_range(labels: Tensor, class_names: Sequence[str] | None) -> None:
    """Raise ValueError where a label is negative, or has no name where names are given."""
    most = torch.iinfo(labels.dtype).max if class_names is None else len(class_names) - 1
    bad = torch.nonzero((labels < 0) | (labels > most)).flatten()
    if len(bad):
        wanted = "0 or more" if class_names is None else f"0..{most}"
        raise ValueError(
            f"labels must be {wanted}, but {len(bad)} are not, the first is row {int(bad[0])} "
            f"with label {int(labels[bad[0]])}"
        )


def check_classes(classes: Sequence[int], labels: Tensor, ways: int, split: str) -> None:
    """Raise ValueError unless the classes are distinct, in the table, and enough."""
    if len(set(classes)) < len(classes):
        raise ValueError(f"classes of split {split!r} must differ, got {list(classes)}")
    missing = sorted(set(classes) - set(torch.unique(labels).tolist()))
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
    labels: Tensor, groups: Tensor, classes: Sequence[int], names: Sequence[str]
) -> None:
    """Raise ValueError when a group has rows of two of the classes.

    Such a group could stand on the support side of one class and the query side of another.
    """
    inside = torch.isin(labels, torch.tensor(classes))
    pairs = torch.unique(torch.stack([groups[inside], labels[inside]], dim=1), dim=0)
    repeated = torch.nonzero(pairs[1:, 0] == pairs[:-1, 0]).flatten()
    if len(repeated):
        first = int(repeated[0])
        group, one, other = int(pairs[first, 0]), int(pairs[first, 1]), int(pairs[first + 1, 1])
        raise ValueError(
            f"group {group} has rows of classes {names[one]!r} and {names[other]!r}: a group must "
            "lie within one class, else it could be in support for one and in query for the other"
        )


def check_every_class_can_be_dealt(
    labels: Tensor,
    groups: Tensor,
    classes: Sequence[int],
    names: Sequence[str],
    *,
    shots: int,
    queries: int,
) -> None:
    """Raise ValueError for the first class without the items, or the groups, for an episode."""
    needed = shots + queries
    for label in classes:
        sizes = torch.unique(groups[labels == label], return_counts=True)[1].tolist()
        wanted = f"{shots} support and {queries} query items"
        if sum(sizes) < needed:
            raise ValueError(
                f"class {names[label]!r} has {sum(sizes)} items, but {wanted} need {needed}: "
                "use fewer shots or queries, or leave the class out"
            )
        if find_deal(sizes, shots, queries) is None:
            raise ValueError(
                f"class {names[label]!r} has {sum(sizes)} items in {len(sizes)} groups of sizes "
                f"{sorted(sizes, reverse=True)[:10]}, and no choice of whole groups leaves "
                f"{wanted} on two sides without a common group: use fewer shots or queries, "
                "or leave the class out"
            )
