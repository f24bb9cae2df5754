"""The benchmark's float64 reference is the learners' own meta-gradient, on tiny problems."""

from dataclasses import replace

import pytest
import torch

from benchmarks.problem import Problem
from benchmarks.reference import reference_gradient, relative_error
from benchmarks.workloads import w1, w2, w2r, w3, w4, w5
from benchmarks.workloads.pools import pool
from benchmarks.workloads.sinusoids import SINUSOIDS
from metalearn_lab.tasks.types import Task, merge_splits

TINY = [
    replace(w1.PROBLEM, batch=lambda i: SINUSOIDS.batch(i, 2)),
    replace(w2.PROBLEM, batch=lambda i: SINUSOIDS.batch(i, 2)),
    replace(w2.FIRST_ORDER, batch=lambda i: SINUSOIDS.batch(i, 2)),
    *(
        replace(one, batch=lambda i: merge_splits(SINUSOIDS.batch(i, 2)))
        for one in w2r.PROBLEMS
        if one.inner_steps == 5
    ),
    replace(w3.PROBLEMS[0], batch=pool(w3.images, tasks=2, shots=1, queries=1)),
    replace(w4.PROBLEM, batch=pool(w4.sentence_features, tasks=2, shots=1, queries=1)),
    replace(w5.PROBLEM, batch=pool(w5.texts, tasks=2, shots=1, queries=1), inner_steps=1),
]


@pytest.mark.parametrize("problem", TINY, ids=lambda problem: problem.name)
def test_the_reference_is_the_learners_meta_gradient(problem: Problem) -> None:
    learner = problem.learner().double()
    learner(problem.first_batch(torch.float64)).backward()
    found = {name: p.grad for name, p in learner.model.named_parameters()}
    assert relative_error(found, reference_gradient(problem)) < 1e-9


def test_a_wrong_gradient_is_seen() -> None:
    reference = reference_gradient(TINY[0])
    wrong = {name: g * (1 + 1e-4) for name, g in reference.items()}
    assert relative_error(wrong, reference) == pytest.approx(1e-4, rel=1e-3)


def test_the_plain_networks_compute_the_same_function() -> None:
    for problem in (w3.PROBLEMS[0], w5.PROBLEM):
        batch: Task = problem.first_batch(torch.float64)
        x = batch.support.x[0]
        ours, plain = problem.model().double(), problem.peer_model().double()
        torch.testing.assert_close(ours(x), plain(x))
