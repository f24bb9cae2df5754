"""How a learner's function of one task is run over a batch of tasks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

import torch
from torch import Tensor

from metalearn_lab.running.low_rank import low_rank_tasks, with_small_layer
from metalearn_lab.running.low_rank_rule import runs_low_rank
from metalearn_lab.running.mapping import over_tasks
from metalearn_lab.running.per_task import PerTask
from metalearn_lab.running.traits import watch_once
from metalearn_lab.tasks.types import Split

OfOne = Callable[[PerTask, Split, Split], Tensor]
"""Maps a learner, the support and the query split of one task to a tensor."""


def over_batch(
    learner: PerTask, of_one: OfOne, support: Split, query: Split, *, low_rank_pays: bool = True
) -> Tensor:
    """Map a function of one task over a batch, with small input layers where that saves work.

    Args:
        learner: whose ``mapping`` is followed; one by one, tasks are run as they are.
        of_one: need not know how it is run.
        support: ``[tasks, items, ...]``.
        query: the same.
        low_rank_pays: whether ``of_one`` gains by a small input layer where the layer's shape
            promises it.

    Returns:
        What ``of_one`` returns, with a leading task axis.
    """
    watch_once(learner, support.x)  # for the rules below
    # Where a graph is kept, one of all chunks would bound nothing: see running.chunks.
    chunk_size = None if torch.is_grad_enabled() else learner.chunk_size
    if runs_low_rank(learner, support.x, pays=low_rank_pays):
        start, coordinates, seen = low_rank_tasks(learner, support.x, query.x)

        def of_task(start: Tensor, support: Split, query: Split) -> Tensor:
            return of_one(with_small_layer(learner, start), support, query)

        splits = Split(coordinates, support.y), Split(cast(Tensor, seen), query.y)
        return over_tasks(of_task, "vmap", chunk_size)(start, *splits)
    return over_tasks(partial(of_one, learner), learner.mapping, chunk_size)(support, query)
