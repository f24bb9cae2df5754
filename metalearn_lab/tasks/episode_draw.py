"""Which classes and which rows: the random part of an episode, for many episodes at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.tasks.dealing import ClassItems, deal, padded

MOST_NUMBERS = 2**20
"""Random numbers of the episodes that are drawn together, 8 MB; one episode may need more."""


class Draw(NamedTuple):
    """The classes and rows of some episodes, items shot by shot.

    Attributes:
        classes: positions of the drawn classes in ``ClassItems``, in the order of their labels,
            ``[episodes, ways]``.
        support_rows: table rows, ``[episodes, ways * shots]``.
        query_rows: table rows, ``[episodes, ways * queries]``.
    """

    classes: Tensor
    support_rows: Tensor
    query_rows: Tensor


def draw_episodes(
    items: ClassItems,
    one_deal: Tensor,
    streams: Sequence[torch.Generator],
    *,
    ways: int,
    shots: int,
    queries: int,
) -> Draw:
    """Draw one episode from each stream of random numbers.

    Classes come in random order, so every class gets every label. The groups of each class are
    dealt to the two sides (see ``dealing.deal``) and the items of a side are drawn without
    replacement. An episode depends on its own stream alone, not on the others beside it.

    Args:
        items: the items of each class.
        one_deal: a deal of the groups of each class that works, ``[groups of all classes]``.
        streams: one generator an episode.
        ways: classes an episode.
        shots: support items a class.
        queries: query items a class.
    """
    counts = {"ways": ways, "shots": shots, "queries": queries}
    numbers = len(items.items) + ways * int(items.groups.max() + items.items.max())
    together = max(1, MOST_NUMBERS // numbers)
    draws = [
        _draw_together(items, one_deal, streams[first : first + together], **counts)
        for first in range(0, len(streams), together)
    ]
    return draws[0] if len(draws) == 1 else Draw(*map(torch.cat, zip(*draws, strict=True)))


def _draw_together(
    items: ClassItems,
    one_deal: Tensor,
    streams: Sequence[torch.Generator],
    *,
    ways: int,
    shots: int,
    queries: int,
) -> Draw:
    class_keys, group_keys, item_keys = _keys(items, streams, ways)
    classes = class_keys.argsort(dim=1)[:, :ways]
    drawn = classes.flatten()
    rows, group_of = (padded(values, items.items, drawn, -1) for values in items[:2])
    sizes = padded(items.sizes, items.groups, drawn, 0)
    known = padded(one_deal, items.groups, drawn, False)
    keys = group_keys[:, : sizes.shape[1]]
    groups = deal(keys, sizes, known, shots=shots, queries=queries)
    on_support = groups.gather(1, group_of.clamp(min=0))
    item_keys = item_keys[:, : rows.shape[1]].masked_fill(rows < 0, -1.0)
    support = _pick(item_keys.masked_fill(~on_support, -1.0), rows, shots, ways)
    query = _pick(item_keys.masked_fill(on_support, -1.0), rows, queries, ways)
    return Draw(classes, support, query)


def _keys(
    items: ClassItems, streams: Sequence[torch.Generator], ways: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Random keys in [0, 1): for classes, for the groups of each way, for the items of each way.

    They are double precision because a tie could be broken differently on another machine. Every
    way gets as many as the largest class needs, so a stream says the same whichever are drawn.
    """
    classes, groups, most_items = len(items.items), int(items.groups.max()), int(items.items.max())
    total = classes + ways * (groups + most_items)
    draws = [torch.rand(total, dtype=torch.float64, generator=stream) for stream in streams]
    class_keys, way_keys = torch.stack(draws).tensor_split([classes], dim=1)
    by_way = way_keys.reshape(len(streams) * ways, -1)
    group_keys, item_keys = by_way.tensor_split([groups], dim=1)
    return class_keys, group_keys, item_keys


def _pick(keys: Tensor, rows: Tensor, number: int, ways: int) -> Tensor:
    """Rows of the largest keys, of ``[episodes * ways, items]``, as ``[episodes, number * ways]``.

    They stand shot by shot, ways running fastest.
    """
    picked = rows.gather(1, keys.topk(number, dim=1).indices)
    return picked.reshape(-1, ways, number).transpose(1, 2).flatten(1)
