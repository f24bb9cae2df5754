"""W3: Conv4 with 64 filters on 28×28 images, batch norm on each split's own statistics."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.problem import Problem
from benchmarks.running import Workload, ours, peer
from benchmarks.training import training_workload
from benchmarks.workloads.pools import pool
from metalearn_lab.models.conv4 import Conv4

FILTERS = 64


def images(labels: Tensor, numbers: torch.Generator) -> Tensor:
    """Noise about an image of the class, ``[tasks, items, 1, 28, 28]``."""
    tasks = labels.shape[0]
    means = torch.randn(tasks, int(labels.max()) + 1, 1, 28, 28, generator=numbers)
    chosen = torch.stack([means[i, labels[i]] for i in range(tasks)])
    return chosen + torch.randn(chosen.shape, generator=numbers)


def conv4() -> Conv4:
    """Our network."""
    return Conv4(5, filters=FILTERS, norm="batch")


def plain_conv4() -> nn.Module:
    """The same function of the same weights in PyTorch's own layers, as every library has it."""
    blocks = (plain_block(count) for count in (1, FILTERS, FILTERS, FILTERS))
    model = nn.Sequential(
        OrderedDict(body=nn.Sequential(*blocks, nn.Flatten()), head=nn.Linear(FILTERS, 5))
    )
    model.load_state_dict(conv4().state_dict())
    return model


def plain_block(channels: int) -> nn.Module:
    """Convolution, norm, ReLU, pool."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(channels, FILTERS, 3, padding=1, bias=False),
            norm=nn.BatchNorm2d(FILTERS, track_running_stats=False),
            relu=nn.ReLU(),
            pool=nn.MaxPool2d(2),
        )
    )


def problem(steps: int) -> Problem:
    """MAML with so many inner steps."""
    return Problem(
        name=f"W3-{steps}",
        title=f"Conv4-64, 28×28, 5-way 1-shot, 15 query, 8 tasks, MAML, {steps} step(s)",
        algorithm="MAML",
        model=conv4,
        peer_model=plain_conv4,
        loss=F.cross_entropy,
        batch=pool(images, tasks=8, shots=1),
        inner_lr=0.1,
        inner_steps=steps,
        family="conv4",
        transductive=True,
        ties=True,
    )


PROBLEMS = (problem(1), problem(5))


def workload(problem: Problem) -> Workload:
    """Ours beside the torch libraries and JAX."""
    scan = problem.inner_steps > 1
    variants = [
        ours(problem),
        peer("torchopt_maml", "TorchOpt MetaSGD", problem),
        peer("learn2learn_maml", "learn2learn", problem),
        peer("higher_maml", "higher", problem),
        peer("jax_maml", "JAX jit, tasks one by one", problem, scan=scan, one_by_one=True),
        peer("torchopt_maml", "TorchOpt, our layers", problem, kind="other", our_model=True),
    ]
    return training_workload(problem, variants, target=0.7)


WORKLOADS = tuple(partial(workload, one) for one in PROBLEMS)
