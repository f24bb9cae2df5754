"""Random batches made beforehand, for workloads whose data would come from a data set."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

POOL = 4
WAYS = 5

Inputs = Callable[[Tensor, torch.Generator], Tensor]
"""Makes inputs ``[tasks, items, ...]`` from labels ``[tasks, items]`` and random numbers."""


@lru_cache(maxsize=64)
def episodes(inputs: Inputs, tasks: int, shots: int, queries: int, number: int) -> Task:
    """The number-th batch of 5-way episodes; ``shots`` and ``queries`` are items of each class."""
    splits = []
    for name, items in (("support", shots), ("query", queries)):
        labels = torch.arange(WAYS).repeat_interleave(items).expand(tasks, -1).contiguous()
        numbers = generator("benchmark", inputs.__name__, name, number)
        splits.append(Split(inputs(labels, numbers), labels))
    return Task(*splits)


def pool(inputs: Inputs, *, tasks: int, shots: int, queries: int = 15) -> Callable[[int], Task]:
    """The batch of an iteration, one of a few in turn."""
    return lambda iteration: episodes(inputs, tasks, shots, queries, iteration % POOL)
