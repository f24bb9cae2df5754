"""W2 and W2f: MAML and first-order MAML on sinusoids with 5 inner steps."""

from __future__ import annotations

from benchmarks.running import Workload
from benchmarks.training import training_workload
from benchmarks.workloads.sinusoids import variation
from benchmarks.workloads.w1 import small_network_variants

PROBLEM = variation("W2", "sinusoid MLP, 25 tasks × (10+10), MAML, 5 steps", inner_steps=5)
FIRST_ORDER = variation(
    "W2f",
    "sinusoid MLP, 25 tasks × (10+10), first-order MAML, 5 steps",
    inner_steps=5,
    algorithm="first-order MAML",
)


def workload() -> Workload:
    """Ours beside JAX and the torch libraries."""
    return training_workload(PROBLEM, small_network_variants(PROBLEM), target=1.0)


def first_order_workload() -> Workload:
    """Ours beside JAX and learn2learn."""
    return training_workload(FIRST_ORDER, small_network_variants(FIRST_ORDER), target=1.0)
