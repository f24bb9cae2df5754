"""W4: a text head on fixed features of 384 numbers."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.problem import Problem
from benchmarks.running import Workload, ours, peer
from benchmarks.training import training_workload
from benchmarks.workloads.pools import pool
from metalearn_lab.models.mlp import MLP


def sentence_features(labels: Tensor, numbers: torch.Generator) -> Tensor:
    """Unit vectors, as sentence encoders give, scattered about a direction of their class."""
    tasks = labels.shape[0]
    centres = torch.randn(tasks, int(labels.max()) + 1, 384, generator=numbers)
    chosen = torch.take_along_dim(centres, labels.unsqueeze(-1), 1)
    return F.normalize(chosen + torch.randn(*labels.shape, 384, generator=numbers), dim=-1)


def head() -> MLP:
    """Features, one hidden layer, five classes."""
    return MLP([384, 256, 5])


PROBLEM = Problem(
    name="W4",
    title="text head 384-256-5, 5-way 5-shot, 15 query, 16 tasks, MAML, 5 steps",
    algorithm="MAML",
    model=head,
    loss=F.cross_entropy,
    batch=pool(sentence_features, tasks=16, shots=5),
    inner_lr=0.1,
    inner_steps=5,
    family="mlp",
)


def workload() -> Workload:
    """Ours beside JAX and the torch libraries."""
    variants = [
        ours(PROBLEM, "ours", compiled=True),
        ours(PROBLEM, "ours, not compiled"),
        peer("jax_maml", "JAX jit+vmap", PROBLEM),
        peer("jax_maml", "JAX jit+vmap+scan", PROBLEM, scan=True),
        peer("torch_func_maml", "torch.func example", PROBLEM),
        peer("learn2learn_maml", "learn2learn", PROBLEM),
        peer("torchopt_maml", "TorchOpt MetaSGD", PROBLEM),
        peer("higher_maml", "higher", PROBLEM),
    ]
    return training_workload(PROBLEM, variants, target=0.5)
