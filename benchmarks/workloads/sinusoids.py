"""What the sinusoid workloads share: 25 tasks of 10 + 10 points, a 1-40-40-1 network."""

from __future__ import annotations

from dataclasses import replace

from torch.nn import functional as F

from benchmarks.problem import Problem
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Task, merge_splits

TASKS = 25
SINUSOIDS = Sinusoids(shots=10, queries=10)


def batch(iteration: int) -> Task:
    """The meta-batch of an iteration."""
    return SINUSOIDS.batch(iteration * TASKS, TASKS)


def merged_batch(iteration: int) -> Task:
    """The same, with all 20 points on both sides, as Reptile wants them."""
    return merge_splits(batch(iteration))


def network() -> MLP:
    """The network of Finn et al. 2017, section 5.1."""
    return MLP([1, 40, 40, 1])


MAML_1_STEP = Problem(
    name="W1",
    title="sinusoid MLP 1-40-40-1, 25 tasks × (10+10), MAML, 1 step",
    algorithm="MAML",
    model=network,
    loss=F.mse_loss,
    batch=batch,
    inner_lr=0.01,
    inner_steps=1,
    family="mlp",
    data="sinusoids",
)


def variation(name: str, title: str, **changes: object) -> Problem:
    """W1 with something changed."""
    return replace(MAML_1_STEP, name=name, title=title, **changes)
