"""How much memory a computation needs at its peak, beyond what was there: counted, not sampled."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from metalearn_lab.learners.learner import Learner
from metalearn_lab.running.traits import watch_once
from metalearn_lab.tasks.types import Task


def peak_extra_bytes(computation: Callable[[], object]) -> int:
    """The most bytes of tensors that were made during a computation and alive at once.

    Every operation is watched, forwards and backwards, so the count is the same on every machine,
    unlike the memory of a process. What an operation uses inside itself is not counted.

    Args:
        computation: in one thread; gradients that it accumulates count while they live.
    """
    watch = _Watch()
    with watch:
        computation()
    return watch.peak_bytes


def step_bytes(learner: Learner, tasks: Task) -> int:
    """The same for one meta-gradient in plain autograd; the gradients are cleared after it."""
    watch_once(learner, tasks.support.x)  # done before the first step only, so it does not count
    needed = peak_extra_bytes(lambda: learner(tasks).backward())
    learner.zero_grad()
    return needed


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the memory of new tensors, and takes it off when the last user lets go."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.alive_bytes = self.peak_bytes = 0
        self.seen_memory: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        self.seen_memory.update(_memory_of((args, kwargs)))  # was there before: not new
        result = func(*args, **(kwargs or {}))
        for memory in _memory_of(result):
            if memory not in self.seen_memory:
                self.seen_memory.add(memory)
                self.alive_bytes += memory.nbytes()
                weakref.finalize(memory, self._free, memory.nbytes())
        self.peak_bytes = max(self.peak_bytes, self.alive_bytes)
        return result

    def _free(self, size: int) -> None:
        self.alive_bytes -= size


def _memory_of(values: object) -> list[torch.UntypedStorage]:
    leaves = pytree.tree_leaves(values)
    return [leaf.untyped_storage() for leaf in leaves if isinstance(leaf, Tensor)]
