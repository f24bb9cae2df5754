"""W2r: Reptile on sinusoids, with SGD and with Adam inside, 5 and 32 inner steps of 10 items."""

from __future__ import annotations

from functools import partial

from benchmarks.problem import Problem
from benchmarks.running import Workload, ours, peer
from benchmarks.training import training_workload
from benchmarks.workloads.sinusoids import merged_batch, variation


def problem(optimizer: str, steps: int) -> Problem:
    """Reptile with an inner optimiser and so many steps."""
    return variation(
        f"W2r-{optimizer}-{steps}",
        f"sinusoid MLP, 25 tasks × 20, Reptile, inner {optimizer.upper()}, {steps} steps",
        algorithm="Reptile",
        batch=merged_batch,
        inner_steps=steps,
        inner_optimizer=optimizer,
        inner_batch=10,
        ties=optimizer == "adam",  # α g / |g| at first: rounding flips the sign of a tiny gradient
    )


PROBLEMS = tuple(problem(optimizer, steps) for optimizer in ("sgd", "adam") for steps in (5, 32))


def workload(problem: Problem) -> Workload:
    """Ours beside JAX and learn2learn's way."""
    variants = [
        ours(problem, "ours", compiled=True),
        ours(problem, "ours, not compiled"),
        peer("jax_maml", "JAX jit+vmap+scan", problem, scan=True),
        peer("reptile_loop", "deepcopy loop (learn2learn's example)", problem),
    ]
    if problem.inner_steps == 5:
        variants.insert(3, peer("jax_maml", "JAX jit+vmap", problem))
    return training_workload(problem, variants, target=1.0)


WORKLOADS = tuple(partial(workload, one) for one in PROBLEMS)
