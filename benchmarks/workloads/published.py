"""The published sinusoid run: 70,000 iterations of W1 by ``meta_train``, progress bar included."""

from __future__ import annotations

import time

import torch

from benchmarks.compare import Row, Say, quartiles
from benchmarks.workloads.sinusoids import MAML_1_STEP, batch
from metalearn_lab.training.meta_train import meta_train

ITERATIONS = 70_000


def rows(say: Say, iterations: int = ITERATIONS) -> list[Row]:
    """One run, from the learner to the trained learner; ``ms`` is the whole of it."""
    say(f"published: {iterations} iterations")
    start = time.perf_counter()
    learner = MAML_1_STEP.learner()
    adam = torch.optim.Adam(learner.parameters(), lr=MAML_1_STEP.outer_lr, fused=True)
    meta_train(learner, batch, iterations=iterations, optimizer=adam)
    took = 1000 * (time.perf_counter() - start)
    return [
        {
            "workload": "published",
            "title": f"{iterations} iterations of W1 by meta_train; ms is the whole run",
            "state": "idle",
            "variant": "ours, meta_train",
            "kind": "ours",
            "rounds": 1,
            "torch_threads": torch.get_num_threads(),
        }
        | quartiles("ms", [took])
    ]
