"""How often a model is run, seen from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def model_runs(model: nn.Module) -> Iterator[list[int]]:
    """A list that grows by one whenever the model is run inside."""
    runs: list[int] = []
    hook = model.register_forward_hook(lambda *_: runs.append(len(runs)))
    try:
        yield runs
    finally:
        hook.remove()
