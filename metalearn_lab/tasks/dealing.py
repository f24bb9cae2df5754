"""Dealing the groups of a class to support and query, so that no group stands on both sides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.tasks.integer_column import integer_column


class ClassItems(NamedTuple):
    """The items and groups of every class of a split, one class behind the other.

    Nothing is padded, so one large class among many small ones costs no more than its own rows.

    Attributes:
        rows: table rows, ``[items of all classes]``.
        group_of: position of each item's group within its class, ``[items of all classes]``.
        items: number of items of each class, ``[classes]``.
        sizes: items in each group, ``[groups of all classes]``.
        groups: number of groups of each class, ``[classes]``.
    """

    rows: Tensor
    group_of: Tensor
    items: Tensor
    sizes: Tensor
    groups: Tensor


def find_deal(sizes: Sequence[int], shots: int, queries: int) -> tuple[int, ...] | None:
    """Some groups for the support side, or None when there is no way to deal.

    The condition is exact: a set of whole groups with at least ``shots`` items whose complement
    has at least ``queries`` items.

    Args:
        sizes: items in each group of one class.
        shots: items needed for support.
        queries: items needed for query.

    Returns:
        Positions of the support side's groups.
    """
    most = sum(sizes) - queries
    if most < shots:
        return None
    # From a total to the total before the last group, and that group: sums share their beginnings.
    reachable: dict[int, tuple[int, int]] = {0: (0, -1)}
    for position, size in enumerate(sizes):
        for total in list(reachable):
            if total + size > most or total + size in reachable:
                continue
            reachable[total + size] = (total, position)
            if total + size >= shots:
                return _groups_of(reachable, total + size)
    return None


def _groups_of(reachable: Mapping[int, tuple[int, int]], total: int) -> tuple[int, ...]:
    """The groups whose sizes make the total, in rising order."""
    positions: list[int] = []
    while total:
        total, position = reachable[total]
        positions.append(position)
    return tuple(reversed(positions))


def dealable_classes(
    labels: Sequence[int] | Tensor, groups: Sequence[int] | Tensor, *, shots: int, queries: int
) -> tuple[int, ...]:
    """The classes that have enough items in enough groups for such episodes.

    Args:
        labels: class of each row.
        groups: group of each row; the same number in two classes is two groups.
        shots: support items a class.
        queries: query items a class.

    Raises:
        ValueError: not as many labels as groups, or no class has enough.
        TypeError: labels or groups that are not one integer a row.
    """
    columns = integer_column("labels", labels), integer_column("groups", groups)
    sizes: dict[int, list[int]] = defaultdict(list)
    for (label, _), size in Counter(zip(*map(Tensor.tolist, columns), strict=True)).items():
        sizes[label].append(size)
    dealable = tuple(
        label for label in sorted(sizes) if find_deal(sizes[label], shots, queries) is not None
    )
    if not dealable:
        raise ValueError(
            f"none of the {len(sizes)} classes has items for {shots} shots and {queries} queries, "
            "in groups that can be kept apart (the largest has "
            f"{max(map(sum, sizes.values()))} items): use fewer shots or queries"
        )
    return dealable


def index_classes(labels: Tensor, groups: Tensor, classes: Tensor) -> ClassItems:
    """Index the items of each class by group, in time and memory in proportion to the rows.

    Args:
        labels: ``[rows]`` class of each row.
        groups: ``[rows]`` group of each row; a group lies within one class.
        classes: ``[classes]`` those to index, in rising order; each has rows.
    """
    inside = torch.nonzero(torch.isin(labels, classes)).flatten()
    by_class = labels[inside].argsort(stable=True)
    rows = inside[by_class]
    class_of = torch.searchsorted(classes, labels[rows])
    _, group, sizes = torch.unique(groups[rows], return_inverse=True, return_counts=True)
    class_of_group = torch.empty_like(sizes).scatter(0, group, class_of)
    order = class_of_group.argsort(stable=True)
    position = torch.empty_like(order).scatter(0, order, torch.arange(len(order)))
    number = class_of_group.bincount(minlength=len(classes))
    group_of = position[group] - (number.cumsum(0) - number)[class_of]
    items = class_of.bincount(minlength=len(classes))
    return ClassItems(rows, group_of, items, sizes[order], number)


def padded(values: Tensor, counts: Tensor, classes: Tensor, value: int) -> Tensor:
    """The values of some classes as one rectangle, as wide as the largest of them.

    Args:
        values: of all classes, one class behind the other.
        counts: how many each class has, ``[all classes]``.
        classes: positions of the classes wanted, ``[classes]``; one may be wanted twice.
        value: where a class has fewer than the largest.

    Returns:
        ``[classes, largest]``.
    """
    first, number = (counts.cumsum(0) - counts)[classes], counts[classes]
    position = torch.arange(int(number.max()))
    index = (first.unsqueeze(1) + position).clamp(max=len(values) - 1)
    return values[index].masked_fill(position >= number.unsqueeze(1), value)


def deal(keys: Tensor, sizes: Tensor, one_deal: Tensor, *, shots: int, queries: int) -> Tensor:
    """Deal whole groups to the support side, in random order, half of them where counts allow.

    The groups are put in the order of their keys, and the support side takes the first of them:
    half, or the nearest number with which both sides have enough items. Where this order has no
    such number, ``one_deal`` stands in.

    Args:
        keys: random numbers in [0, 1), ``[classes, groups]``.
        sizes: items in each group, ``[classes, groups]``, 0 where padded.
        one_deal: a deal that works, ``[classes, groups]`` bool.
        shots: support items a class.
        queries: query items a class.

    Returns:
        ``[classes, groups]`` bool, True on the support side.
    """
    order = keys.masked_fill(sizes == 0, 2.0).argsort(dim=1)
    so_far = sizes.gather(1, order).cumsum(dim=1)
    works = (so_far >= shots) & (sizes.sum(dim=1, keepdim=True) - so_far >= queries)
    number = torch.arange(1, sizes.shape[1] + 1)
    half = (sizes > 0).sum(dim=1, keepdim=True) // 2
    distance = (number - half).abs().masked_fill(~works, sizes.shape[1] + 1)
    taken = number <= distance.argmin(dim=1, keepdim=True) + 1
    dealt = torch.zeros_like(taken).scatter(1, order, taken)
    return torch.where(works.any(dim=1, keepdim=True), dealt, one_deal)
