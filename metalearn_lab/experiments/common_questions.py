"""What frequent questions about meta-learning ask, on sinusoids: learning from zero, few tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import pi
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.func import functional_call, vmap
from torch.nn import functional as F

from metalearn_lab.experiments.meta_network_lab import (
    MetaNetworkLab,
    errors_along,
    sinusoids_between,
)
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, map_tensors, to_device
from metalearn_lab.training.meta_train import meta_train

if TYPE_CHECKING:
    from pandas import DataFrame

_RATE, _ALPHA, _STEPS, _OUTER_LR = 0.01, 0.01, 5, 0.005


def pool_batches(pool: Task, size: int) -> Callable[[int], Task]:
    """Meta-batches that go round a pool of tasks, by the number of the outer step.

    Args:
        pool: a batch of tasks.
        size: tasks of a meta-batch; of a smaller pool tasks are taken more than once.
    """

    def batch(i: int) -> Task:
        rows = torch.arange(size * i, size * (i + 1)) % len(pool.query.y)
        return map_tensors(lambda values: values[rows.to(values.device)], pool)

    return batch


def from_scratch(tasks: Task, model: MLP, steps: int, lr: float) -> Tensor:
    """Errors on the query of a network that is trained on each support alone, by Adam.

    Args:
        tasks: every tensor ``[tasks, items, ...]``.
        model: where every task starts; it is left as it is.
        steps: of Adam.
        lr: its step size.

    Returns:
        Mean squared errors, ``[tasks]``.
    """
    count = len(tasks.query.y)
    weights = {
        name: weight.detach().expand(count, *weight.shape).clone().requires_grad_()
        for name, weight in model.named_parameters()
    }
    optimizer = torch.optim.Adam(weights.values(), lr)

    def errors(split: Split) -> Tensor:
        outputs: Tensor = vmap(lambda w, x: functional_call(model, w, (x,)))(weights, split.x)
        return (outputs - split.y).square().mean((1, 2))

    for _ in range(steps):
        optimizer.zero_grad()
        errors(tasks.support).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return errors(tasks.query).detach().cpu()


def known_family(tasks: Task) -> Tensor:
    """Errors on the query of least squares on sin x and cos x, ``[tasks]``.

    A sin(x − p) is a sum of the two: who knows the family needs two points.

    Args:
        tasks: of sinusoids, ``x [tasks, items, 1]``.
    """
    x = {name: split.x.double() for name, split in tasks._asdict().items()}
    columns = {name: torch.cat([each.sin(), each.cos()], -1) for name, each in x.items()}
    fit = torch.linalg.lstsq(columns["support"], tasks.support.y.double()).solution
    error = F.mse_loss(columns["query"] @ fit, tasks.query.y.double(), reduction="none")
    return error.mean((1, 2)).cpu()


def errors_by_pool(
    lab: MetaNetworkLab, pools: Sequence[int], tasks: int, scratch_steps: int
) -> DataFrame:
    """Mean squared errors on unseen sinusoids: like those of the pools, and with other phases.

    MAML takes five inner steps, and as many outer steps on each pool as the lab says.

    Args:
        lab: gives K, the meta-batch, the number of outer steps, seed and device.
        pools: how many training tasks each training has.
        tasks: unseen ones of each kind.
        scratch_steps: of Adam, for the network that learns each task from nothing.

    Returns:
        Columns ``like`` and ``unlike``; a row for each way to learn.
    """
    import pandas as pd

    unlike = sinusoids_between((0.1, 5.0), (pi, 2 * pi), tasks, shots=lab.shots, seed=lab.seed)
    like = Sinusoids(lab.shots, 50, "test", lab.seed).batch(0, tasks)
    worlds = {name: to_device(w, lab.device) for name, w in (("like", like), ("unlike", unlike))}
    start = MLP([1, 40, 40, 1], seed=lab.seed).to(lab.device)
    rows: dict[str, dict[str, float]] = {
        "predicting 0": {name: (w.query.y**2).mean().item() for name, w in worlds.items()},
        "known family": {name: known_family(w).mean().item() for name, w in worlds.items()},
        "from nothing": {
            name: from_scratch(w, start, scratch_steps, _RATE).mean().item()
            for name, w in worlds.items()
        },
    }
    for count in pools:
        learner = lab.maml(_ALPHA, _STEPS)
        pool = Sinusoids(lab.shots, lab.shots, "train", lab.seed).batch(0, count)
        meta_train(
            learner,
            pool_batches(to_device(pool, lab.device), lab.meta_batch),
            iterations=lab.iterations,
            optimizer=torch.optim.Adam(learner.parameters(), _OUTER_LR),
            progress=False,
        )
        rows[f"MAML, {count} tasks"] = {
            name: errors_along(learner, w, _STEPS)[:, -1].mean().item()
            for name, w in worlds.items()
        }
    return pd.DataFrame(rows).T
