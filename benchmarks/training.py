"""A workload made of one training problem: the result to match is its meta-gradient."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.problem import Problem
from benchmarks.reference import reference_gradient
from benchmarks.running import Variant, Workload


def training_workload(
    problem: Problem,
    variants: Sequence[Variant],
    target: float | None = None,
    threads: int | None = None,
) -> Workload:
    """Variants of a problem's training step."""
    return Workload(
        problem.name,
        problem.title,
        lambda: reference_gradient(problem),
        tuple(variants),
        target,
        problem.exact_dtype,
        threads=threads,
    )
