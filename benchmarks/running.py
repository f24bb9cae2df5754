"""What the harness asks of every variant, and the variants as a workload names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from benchmarks.problem import Problem

Kind = Literal["ours", "peer", "other"]
"""Ours; a peer to beat; or a variant shown for comparison only."""


class Running(Protocol):
    """A variant that has been built."""

    def result(self) -> dict[str, Tensor]:
        """What is compared with the reference: the meta-gradient of the first batch, by name."""
        ...

    def steps(self, count: int) -> None:
        """Run so many training steps, each from sampling to the outer step, and wait for them."""
        ...


@dataclass(frozen=True)
class Variant:
    """One way to run a workload.

    Attributes:
        name: as shown.
        kind: whether it is ours, a peer to beat, or shown for comparison only.
        build: makes it, in a precision.
        grain: training steps come in multiples of this.
    """

    name: str
    kind: Kind
    build: Callable[[torch.dtype], Running]
    grain: int = 1


@dataclass(frozen=True)
class Workload:
    """Variants of one piece of work, and the result that all of them must give.

    Attributes:
        name: short, e.g. ``"W1"``.
        title: what it is, in a line.
        reference: the right result in float64.
        variants: in the order in which they take turns.
        target: the ratio to the best peer to reach, if there is one.
        exact_dtype: the precision in which results are compared.
        limit: the largest relative error allowed.
        threads: torch's threads inside one operation; one for each core when None. JAX keeps its
            own pool of a thread for each core.
    """

    name: str
    title: str
    reference: Callable[[], dict[str, Tensor]]
    variants: tuple[Variant, ...]
    target: float | None = None
    exact_dtype: torch.dtype = torch.float32
    limit: float = 1e-5
    threads: int | None = None


def ours(problem: Problem, name: str = "ours", **settings: Any) -> Variant:
    """A variant that uses this package's public interface."""
    return _variant("benchmarks.ours", name, "ours", problem, settings)


def peer(module: str, name: str, problem: Problem, kind: Kind = "peer", **settings: Any) -> Variant:
    """A variant in a module of ``benchmarks.peers``, imported when it is built."""
    return _variant(f"benchmarks.peers.{module}", name, kind, problem, settings)


def _variant(module: str, name: str, kind: Kind, problem: Problem, settings: Any) -> Variant:
    def build(dtype: torch.dtype) -> Running:
        return import_module(module).Run(problem, dtype, **settings)

    return Variant(name, kind, build, settings.get("chunk", 1))
