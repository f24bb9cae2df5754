"""What a step must do, and what the card can do: operations and bytes, each a floor in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.peers.task_loop import Run
from benchmarks.problem import Problem
from metalearn_lab.tasks.types import Split, Task


@dataclass(frozen=True)
class Work:
    """Of one task's meta-gradient.

    Attributes:
        operations: of its matrix products and convolutions.
        bytes: that its operations read and write when each goes to memory and back.
    """

    operations: float
    bytes: float


@dataclass(frozen=True)
class Card:
    """What was measured of a device: operations and bytes a second."""

    operations: float
    bytes: float


class _Bytes(TorchDispatchMode):
    """Adds up the tensors that operations read and write; views move nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            tensors = pytree.tree_leaves((args, kwargs, result))
            self.total += sum(t.nbytes for t in tensors if isinstance(t, torch.Tensor))
        return result


def work_of_one_task(problem: Problem) -> Work:
    """Counted on the per-task loop with the network's plain layers."""
    first = problem.batch(0)
    alone = Task(*(Split(*(part[:1] for part in split)) for split in first))
    run = Run(replace(problem, batch=lambda iteration: alone), torch.float32)
    with FlopCounterMode(display=False) as operations:
        run.backward(alone)
    with _Bytes() as moved:
        run.backward(alone)
    return Work(operations.get_total_flops(), moved.total)


def measure_card(device: str, size: int) -> Card:
    """The rate of a large matrix product and of a large copy, in float32 as PyTorch is set."""
    a, b = torch.randn(2, size, size, device=device)
    product = quickest(lambda: a @ b, device)
    other = torch.empty_like(a)
    copied = quickest(lambda: other.copy_(a), device)
    return Card(2 * size**3 / product, 2 * a.nbytes / copied)


def quickest(function: Callable[[], object], device: str, repeats: int = 10) -> float:
    """Seconds of the quickest of some calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        wait(device)
        times.append(time.perf_counter() - start)
    return min(times)


def wait(device: str) -> None:
    """For the device to be done."""
    if device == "cuda":
        torch.cuda.synchronize()
