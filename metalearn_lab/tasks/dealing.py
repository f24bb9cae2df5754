"""Dealing the groups of a class to support and query, so that no group stands on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class ClassItems(NamedTuple):
    """The items of every class of a split, padded to one rectangle so that draws need no loop.

    Attributes:
        rows: table rows, ``[classes, items]``; 0 where padded.
        group_of: position of each item's group within its class, ``[classes, items]``;
            ``groups`` (one past the last) where padded.
        sizes: items in each group, ``[classes, groups]``; 0 where padded.
        one_deal: a set of groups for the support side that always works,
            ``[classes, groups]`` bool; used where a random order of the groups leaves none.
    """

    rows: Tensor
    group_of: Tensor
    sizes: Tensor
    one_deal: Tensor


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
    reachable: dict[int, tuple[int, ...]] = {0: ()}
    for position, size in enumerate(sizes):
        for total, chosen in list(reachable.items()):
            if total + size > most or total + size in reachable:
                continue
            reachable[total + size] = (*chosen, position)
            if total + size >= shots:
                return reachable[total + size]
    return None


def dealable_classes(
    labels: Sequence[int], groups: Sequence[int], *, shots: int, queries: int
) -> tuple[int, ...]:
    """The classes that have enough items in enough groups for such episodes.

    Args:
        labels: class of each row.
        groups: group of each row.
        shots: support items a class.
        queries: query items a class.
    """
    members: dict[int, dict[int, int]] = {}
    for label, group in zip(labels, groups, strict=True):
        counts = members.setdefault(label, {})
        counts[group] = counts.get(group, 0) + 1
    return tuple(
        label
        for label in sorted(members)
        if find_deal(tuple(members[label].values()), shots, queries) is not None
    )


def index_classes(
    labels: Tensor, groups: Tensor, classes: Sequence[int], *, shots: int, queries: int
) -> ClassItems:
    """Index the items of each class by group.

    Args:
        labels: ``[rows]`` class of each row.
        groups: ``[rows]`` group of each row.
        classes: the classes to index; every one must have a deal (see ``find_deal``).
        shots: support items a class.
        queries: query items a class.
    """
    rows = [torch.nonzero(labels == label).flatten() for label in classes]
    members = [torch.unique(groups[part], return_inverse=True)[1] for part in rows]
    sizes = [torch.bincount(member) for member in members]
    padded_sizes = _pad(sizes, 0)
    one_deal = torch.zeros(padded_sizes.shape, dtype=torch.bool)
    for position, size in enumerate(sizes):
        one_deal[position, list(find_deal(size.tolist(), shots, queries) or ())] = True
    return ClassItems(_pad(rows, 0), _pad(members, padded_sizes.shape[1]), padded_sizes, one_deal)


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


def _pad(parts: Iterable[Tensor], value: int) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(parts), batch_first=True, padding_value=value)
