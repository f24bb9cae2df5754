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
        group_of_item: position of each item's group within its class, ``[items of all classes]``.
        item_counts: number of items of each class, ``[classes]``.
        group_sizes: items in each group, ``[groups of all classes]``.
        group_counts: number of groups of each class, ``[classes]``.
    """

    rows: Tensor
    group_of_item: Tensor
    item_counts: Tensor
    group_sizes: Tensor
    group_counts: Tensor


def find_support_groups(
    group_sizes: Sequence[int], shots: int, queries: int
) -> tuple[int, ...] | None:
    """Some groups for the support side, or None when there is no way to deal.

    The condition is exact: a set of whole groups with at least ``shots`` items whose complement
    has at least ``queries`` items.

    Args:
        group_sizes: items in each group of one class.
        shots: items needed for support.
        queries: items needed for query.

    Returns:
        Positions of the support side's groups.
    """
    most_support_items = sum(group_sizes) - queries
    if most_support_items < shots:
        return None
    # From a total to the total before the last group, and that group: sums share their beginnings.
    last_group_of_total: dict[int, tuple[int, int]] = {0: (0, -1)}
    for group_index, group_size in enumerate(group_sizes):
        for total in list(last_group_of_total):
            if total + group_size > most_support_items or total + group_size in last_group_of_total:
                continue
            last_group_of_total[total + group_size] = (total, group_index)
            if total + group_size >= shots:
                return _groups_of(last_group_of_total, total + group_size)
    return None


def _groups_of(last_group_of_total: Mapping[int, tuple[int, int]], total: int) -> tuple[int, ...]:
    """The groups whose sizes make the total, in rising order."""
    group_indices: list[int] = []
    while total:
        total, group_index = last_group_of_total[total]
        group_indices.append(group_index)
    return tuple(reversed(group_indices))


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
    sizes_of_label: dict[int, list[int]] = defaultdict(list)
    for (label, _), group_size in Counter(zip(*map(Tensor.tolist, columns), strict=True)).items():
        sizes_of_label[label].append(group_size)
    dealable = tuple(
        label
        for label in sorted(sizes_of_label)
        if find_support_groups(sizes_of_label[label], shots, queries) is not None
    )
    if not dealable:
        raise ValueError(
            f"none of the {len(sizes_of_label)} classes has items for {shots} shots and "
            f"{queries} queries, in groups that can be kept apart (the largest has "
            f"{max(map(sum, sizes_of_label.values()))} items): use fewer shots or queries"
        )
    return dealable


def index_classes(labels: Tensor, groups: Tensor, classes: Tensor) -> ClassItems:
    """Index the items of each class by group, in time and memory in proportion to the rows.

    Args:
        labels: ``[rows]`` class of each row.
        groups: ``[rows]`` group of each row; a group lies within one class.
        classes: ``[classes]`` those to index, in rising order; each has rows.
    """
    rows_in_classes = torch.nonzero(torch.isin(labels, classes)).flatten()
    class_order = labels[rows_in_classes].argsort(stable=True)
    rows = rows_in_classes[class_order]
    class_of_item = torch.searchsorted(classes, labels[rows])
    _, group_index_of_item, group_sizes = torch.unique(
        groups[rows], return_inverse=True, return_counts=True
    )
    class_of_group = torch.empty_like(group_sizes).scatter(0, group_index_of_item, class_of_item)
    group_order = class_of_group.argsort(stable=True)
    group_positions = torch.empty_like(group_order).scatter(
        0, group_order, torch.arange(len(group_order))
    )
    group_counts = class_of_group.bincount(minlength=len(classes))
    group_of_item = (
        group_positions[group_index_of_item]
        - (group_counts.cumsum(0) - group_counts)[class_of_item]
    )
    item_counts = class_of_item.bincount(minlength=len(classes))
    return ClassItems(rows, group_of_item, item_counts, group_sizes[group_order], group_counts)


def pad_classes(values: Tensor, counts: Tensor, classes: Tensor, fill: int) -> Tensor:
    """The values of some classes as one rectangle, as wide as the largest of them.

    Args:
        values: of all classes, one class behind the other.
        counts: how many each class has, ``[all classes]``.
        classes: positions of the classes wanted, ``[classes]``; one may be wanted twice.
        fill: where a class has fewer than the largest.

    Returns:
        ``[classes, largest]``.
    """
    starts, widths = (counts.cumsum(0) - counts)[classes], counts[classes]
    columns = torch.arange(int(widths.max()))
    positions = (starts.unsqueeze(1) + columns).clamp(max=len(values) - 1)
    return values[positions].masked_fill(columns >= widths.unsqueeze(1), fill)


def deal(
    random_keys: Tensor, group_sizes: Tensor, fallback_deal: Tensor, *, shots: int, queries: int
) -> Tensor:
    """Deal whole groups to the support side, in random order, half of them where counts allow.

    The groups are put in the order of their keys, and the support side takes the first of them:
    half, or the nearest number with which both sides have enough items. Where this order has no
    such number, ``fallback_deal`` stands in.

    Args:
        random_keys: random numbers in [0, 1), ``[classes, groups]``.
        group_sizes: items in each group, ``[classes, groups]``, 0 where padded.
        fallback_deal: a deal that works, ``[classes, groups]`` bool.
        shots: support items a class.
        queries: query items a class.

    Returns:
        ``[classes, groups]`` bool, True on the support side.
    """
    group_order = random_keys.masked_fill(group_sizes == 0, 2.0).argsort(dim=1)
    items_so_far = group_sizes.gather(1, group_order).cumsum(dim=1)
    is_possible = (items_so_far >= shots) & (
        group_sizes.sum(dim=1, keepdim=True) - items_so_far >= queries
    )
    group_counts = torch.arange(1, group_sizes.shape[1] + 1)
    half_counts = (group_sizes > 0).sum(dim=1, keepdim=True) // 2
    distance = (
        (group_counts - half_counts).abs().masked_fill(~is_possible, group_sizes.shape[1] + 1)
    )
    is_taken = group_counts <= distance.argmin(dim=1, keepdim=True) + 1
    is_support = torch.zeros_like(is_taken).scatter(1, group_order, is_taken)
    return torch.where(is_possible.any(dim=1, keepdim=True), is_support, fallback_deal)
