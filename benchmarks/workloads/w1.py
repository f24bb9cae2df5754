"""W1: MAML on sinusoids with 1 inner step."""

from __future__ import annotations

from benchmarks.problem import Problem
from benchmarks.running import Variant, Workload, ours, peer
from benchmarks.training import training_workload
from benchmarks.workloads.sinusoids import MAML_1_STEP

PROBLEM = MAML_1_STEP


def workload() -> Workload:
    """Ours beside JAX and the torch libraries."""
    return training_workload(PROBLEM, small_network_variants(PROBLEM), target=1.0)


def small_network_variants(problem: Problem) -> list[Variant]:
    """The variants of W1, W2 and W2f."""
    libraries = [
        peer("torch_func_maml", "torch.func example", problem),
        peer("learn2learn_maml", "learn2learn", problem),
    ]
    if problem.algorithm == "MAML":
        libraries += [
            peer("torchopt_maml", "TorchOpt MetaSGD", problem),
            peer("higher_maml", "higher", problem),
        ]
    else:  # the example differentiates twice, so it is another algorithm
        libraries = libraries[1:]
    return [
        ours(problem, "ours", compiled=True),
        ours(problem, "ours, not compiled"),
        peer("jax_maml", "JAX jit+vmap", problem),
        peer("jax_maml", "JAX jit+vmap+scan", problem, scan=True),
        peer("jax_maml", "JAX, 100 steps a call", problem, kind="other", chunk=100),
        *libraries,
        peer("task_loop", "per-task loop", problem, kind="other"),
    ]
