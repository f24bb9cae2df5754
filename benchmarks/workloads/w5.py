"""W5: a small Transformer on texts of 32 tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.problem import Problem
from benchmarks.running import Workload, ours, peer
from benchmarks.training import training_workload
from benchmarks.workloads.pools import pool
from metalearn_lab.models.dense import Dense
from metalearn_lab.models.transformer import Transformer

TOKENS, LENGTH = 1000, 32


def texts(labels: Tensor, numbers: torch.Generator) -> Tensor:
    """Random ids; a quarter of the tokens of a text come from its class's own ten."""
    ids = torch.randint(1, TOKENS, (*labels.shape, LENGTH), generator=numbers)
    own = 1 + 10 * labels.unsqueeze(-1) + torch.randint(0, 10, ids.shape, generator=numbers)
    return torch.where(torch.rand(ids.shape, generator=numbers) < 0.25, own, ids)


def encoder() -> Transformer:
    """Two layers, d = 128, feed-forward 512."""
    return Transformer(TOKENS, 5, length=LENGTH, dim=128, layers=2, heads=4, hidden=512)


def plain_encoder() -> nn.Module:
    """The same with PyTorch's own dense layers, which is what a peer's user has."""
    model = encoder()
    for module in list(model.modules()):
        for name, layer in module.named_children():
            if isinstance(layer, Dense):
                plain = nn.Linear(layer.in_features, layer.out_features, device="meta")
                plain.weight, plain.bias = layer.weight, layer.bias
                setattr(module, name, plain)
    return model


PROBLEM = Problem(
    name="W5",
    title="Transformer 2 layers, d=128, length 32, 5-way 5-shot, 15 query, 8 tasks, MAML, 3 steps",
    algorithm="MAML",
    model=encoder,
    peer_model=plain_encoder,
    loss=F.cross_entropy,
    batch=pool(texts, tasks=8, shots=5),
    inner_lr=0.01,
    inner_steps=3,
    family="transformer",
    ties=True,
)


def workload() -> Workload:
    """Ours beside the torch libraries and JAX."""
    variants = [
        ours(PROBLEM),
        peer("torchopt_maml", "TorchOpt MetaSGD", PROBLEM),
        peer("higher_maml", "higher", PROBLEM),
        peer("learn2learn_maml", "learn2learn", PROBLEM),
        peer("torch_func_maml", "torch.func example", PROBLEM),
        peer("jax_maml", "JAX jit+vmap+scan", PROBLEM, scan=True),
        peer("jax_maml", "JAX jit, tasks one by one, scan", PROBLEM, scan=True, one_by_one=True),
        peer("torchopt_maml", "TorchOpt, our dense layers", PROBLEM, kind="other", our_model=True),
    ]
    return training_workload(PROBLEM, variants, target=0.8)
