"""How many tasks of training make a context Transformer general: pools of M slopes, two rules.

Both rules are the best possible for tasks y = w·x + noise, each for its own world. Neither is
trained.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.models.context_transformer import ContextTransformer
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.linear_tasks import LinearTasks
from metalearn_lab.tasks.types import Split, Task, to_device


def pool_rule(pool: Tensor, support: Split, noise: float) -> Tensor:
    """The posterior mean of w if w is one of M known ones, ``[tasks, d]``.

        Σ_m π_m w_m,   π = softmax(−Σ_i (y_i − w_m·x_i)² / 2σ²).

    Args:
        pool: the w_m, ``[M, d]``.
        support: of tasks.
        noise: σ.

    Source: Raventós et al., "Pretraining task diversity and the emergence of non-Bayesian
    in-context learning for regression", NeurIPS 2023 (discrete MMSE).
    """
    squares = ((support.y - support.x @ pool.T) ** 2).sum(1)  # [tasks, M]
    shares: Tensor = (-squares / (2 * noise**2)).softmax(-1)
    return shares @ pool


def ridge_rule(support: Split, noise: float) -> Tensor:
    """The posterior mean of w ~ N(0, I), ``[tasks, d]``: ridge regression with λ = σ².

    Args:
        support: of tasks.
        noise: σ.
    """
    x, y = support
    identity = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    weights: Tensor = torch.linalg.solve(x.mT @ x + noise**2 * identity, x.mT @ y)
    return weights[..., 0]


def pool_model(dim: int = 1, seed: int = 0) -> ContextTransformer:
    """The network that is trained on pools; it gives one number, the answer."""
    return ContextTransformer(dim, 1, 1, dim=32, layers=2, heads=4, hidden=64, seed=seed)


@one_thread()
def train_on_pool(
    tasks: LinearTasks,
    iterations: int,
    *,
    meta_batch: int = 64,
    outer_lr: float = 0.005,
    device: torch.device | str = "cpu",
) -> ContextTransformer:
    """Train on tasks of a pool, or of the prior, by Adam on the mean squared error.

    The step size rises to β over a tenth of the training and then falls linearly.

    Args:
        tasks: where the meta-batches come from.
        iterations: outer steps.
        meta_batch: tasks in each.
        outer_lr: β.
        device: where it is trained.
    """
    model = pool_model(tasks.dim, tasks.seed).to(device)
    optimizer = torch.optim.Adam(model.parameters(), outer_lr)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min(10 * (i + 1), 10 / 9 * (iterations - i)) / iterations
    )
    for i in range(iterations):
        support, query = to_device(tasks.batch(meta_batch * i, meta_batch), device)
        loss = F.mse_loss(model(*support, query.x), query.y)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return model


@torch.no_grad()
def distances(
    model: ContextTransformer, pool: Tensor, tasks: Task, noise: float
) -> dict[str, float]:
    """Mean squared errors and distances of the answers, over all query points of all tasks.

    Args:
        model: trained on the pool.
        pool: its w_m, ``[M, d]``.
        tasks: whose query targets have no noise.
        noise: σ of the support targets.
    """
    answers = {
        "model": model(*tasks.support, tasks.query.x),
        "pool rule": tasks.query.x @ pool_rule(pool, tasks.support, noise)[..., None],
        "ridge": tasks.query.x @ ridge_rule(tasks.support, noise)[..., None],
    }
    errors = {f"error of {name}": F.mse_loss(a, tasks.query.y) for name, a in answers.items()}
    apart = {
        f"model to {name}": F.mse_loss(answers["model"], answers[name])
        for name in ("pool rule", "ridge")
    }
    return {name: value.item() for name, value in (errors | apart).items()}
