"""The level of the strategy: learn the rates of gradient descent through all of its steps."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metalearn_lab.tasks.optimizees import Optimizees


def descend(problems: Optimizees, rates: Tensor) -> Tensor:
    """Loss of each problem after gradient descent, differentiable in the rates.

    Args:
        problems: a batch.
        rates: α of each step, ``[steps]``.

    Returns:
        ``[problems]``, on the CPU.
    """
    theta = problems.start
    for rate in rates:
        theta = theta - rate * problems.value_and_gradient(theta)[1]
    return problems.value_and_gradient(theta)[0].cpu()


def learn_rates(
    problems: Callable[[int], Optimizees],
    log_rates: Tensor,
    steps: int,
    *,
    iterations: int,
    outer_lr: float = 0.02,
) -> Tensor:
    """Follow the meta-gradient of the mean loss after the last step in log α, with Adam.

    Args:
        problems: the batch of an iteration.
        log_rates: where they begin, ``[1]`` for one rate or ``[steps]``.
        steps: of gradient descent.
        iterations: outer steps.
        outer_lr: β.

    Returns:
        α of each step, ``[steps]``.

    Raises:
        ValueError: neither one rate nor as many as steps.
    """
    if log_rates.shape not in {(1,), (steps,)}:
        raise ValueError(f"give 1 or {steps} rates, got {list(log_rates.shape)}")
    learned = log_rates.clone().requires_grad_()
    optimizer = torch.optim.Adam([learned], outer_lr)
    for iteration in range(iterations):
        optimizer.zero_grad()
        loss = descend(problems(iteration), learned.exp().expand(steps)).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([learned], 1.0)
        optimizer.step()
    return learned.detach().exp().expand(steps)
