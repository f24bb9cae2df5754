"""What siblings in the support set give away: the same queries, with their siblings swapped."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.types import Split, Task

_AT_ONCE = 500


def sibling_mask(tasks: Task, table: LabelledTable) -> Tensor:
    """Which support rows are of a query's template, ``[tasks, queries, support items]``.

    Args:
        tasks: a batch of episodes that hold row numbers.
        table: gives the template of each row.
    """
    template = torch.tensor(table.groups)
    return template[tasks.query.x].unsqueeze(2) == template[tasks.support.x].unsqueeze(1)


def swap_siblings(tasks: Task, table: LabelledTable, *, seed: int) -> list[Task]:
    """Each query as an episode of its own, in whose support set it has no sibling.

    Every sibling gives way to a sentence of the same class from another template, drawn from
    those that the episode does not use. So the query, the number of support sentences and all
    other support sentences stay the same. A class without such a sentence keeps its siblings.

    Args:
        tasks: a batch of episodes that hold row numbers.
        table: gives class and template of each row.
        seed: of the draw.

    Returns:
        Row numbers, in batches of 500 queries or fewer, in order: support
        ``[queries, support items]``, query ``[queries, 1]``.
    """
    label, template = torch.tensor(table.labels), torch.tensor(table.groups)
    is_sibling = sibling_mask(tasks, table)
    support = tasks.support.x.unsqueeze(1).repeat(1, tasks.query.x.shape[1], 1)
    stream = generator("swapped siblings", seed)
    for task, item in is_sibling.any(2).nonzero().tolist():
        row, siblings = tasks.query.x[task, item], is_sibling[task, item]
        others = torch.nonzero((label == label[row]) & (template != template[row])).flatten()
        in_episode = torch.cat([tasks.support.x[task], tasks.query.x[task]])
        others = others[~torch.isin(others, in_episode)]
        if len(others):
            places = torch.randperm(len(others), generator=stream)
            count = int(siblings.sum())
            support[task, item, siblings] = others[places.repeat(count)[:count]]
    support_y = tasks.support.y.unsqueeze(1).expand_as(support)
    own = Split(support.flatten(0, 1), support_y.flatten(0, 1))
    asked = Split(tasks.query.x.reshape(-1, 1), tasks.query.y.reshape(-1, 1))
    parts = [slice(first, first + _AT_ONCE) for first in range(0, len(asked.x), _AT_ONCE)]
    return [
        Task(Split(own.x[part], own.y[part]), Split(asked.x[part], asked.y[part])) for part in parts
    ]
