"""Which classes and which rows: the random part of an episode, for many episodes at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.tasks.dealing import ClassItems, deal, pad_classes

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
    fallback_deal: Tensor,
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
        fallback_deal: a deal of the groups of each class that works, ``[groups of all classes]``.
        streams: one generator an episode.
        ways: classes an episode.
        shots: support items a class.
        queries: query items a class.
    """
    counts = {"ways": ways, "shots": shots, "queries": queries}
    numbers_per_episode = len(items.item_counts) + ways * int(
        items.group_counts.max() + items.item_counts.max()
    )
    episodes_at_once = max(1, MOST_NUMBERS // numbers_per_episode)
    draws = [
        _draw_together(items, fallback_deal, streams[first : first + episodes_at_once], **counts)
        for first in range(0, len(streams), episodes_at_once)
    ]
    return draws[0] if len(draws) == 1 else Draw(*map(torch.cat, zip(*draws, strict=True)))


def _draw_together(
    items: ClassItems,
    fallback_deal: Tensor,
    streams: Sequence[torch.Generator],
    *,
    ways: int,
    shots: int,
    queries: int,
) -> Draw:
    class_keys, group_keys, item_keys = _random_keys(items, streams, ways)
    classes = class_keys.argsort(dim=1)[:, :ways]
    drawn_classes = classes.flatten()
    rows, group_of_item = (
        pad_classes(values, items.item_counts, drawn_classes, -1) for values in items[:2]
    )
    group_sizes = pad_classes(items.group_sizes, items.group_counts, drawn_classes, 0)
    drawn_fallback_deal = pad_classes(fallback_deal, items.group_counts, drawn_classes, False)
    random_keys = group_keys[:, : group_sizes.shape[1]]
    is_support_group = deal(
        random_keys, group_sizes, drawn_fallback_deal, shots=shots, queries=queries
    )
    on_support = is_support_group.gather(1, group_of_item.clamp(min=0))
    item_keys = item_keys[:, : rows.shape[1]].masked_fill(rows < 0, -1.0)
    support = _pick(item_keys.masked_fill(~on_support, -1.0), rows, shots, ways)
    query = _pick(item_keys.masked_fill(on_support, -1.0), rows, queries, ways)
    return Draw(classes, support, query)


def _random_keys(
    items: ClassItems, streams: Sequence[torch.Generator], ways: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Random keys in [0, 1): for classes, for the groups of each way, for the items of each way.

    They are double precision because a tie could be broken differently on another machine. Every
    way gets as many as the largest class needs, so a stream says the same whichever are drawn.
    """
    class_count, most_groups, most_items = (
        len(items.item_counts),
        int(items.group_counts.max()),
        int(items.item_counts.max()),
    )
    key_count = class_count + ways * (most_groups + most_items)
    draws = [torch.rand(key_count, dtype=torch.float64, generator=stream) for stream in streams]
    class_keys, way_keys = torch.stack(draws).tensor_split([class_count], dim=1)
    by_way = way_keys.reshape(len(streams) * ways, -1)
    group_keys, item_keys = by_way.tensor_split([most_groups], dim=1)
    return class_keys, group_keys, item_keys


def _pick(keys: Tensor, rows: Tensor, count: int, ways: int) -> Tensor:
    """Rows of the largest keys, of ``[episodes * ways, items]``, as ``[episodes, count * ways]``.

    They stand shot by shot, ways running fastest.
    """
    picked = rows.gather(1, keys.topk(count, dim=1).indices)
    return picked.reshape(-1, ways, count).transpose(1, 2).flatten(1)
