"""Learn an update rule: by the gradient of short unrolls, or by (persistent) evolution.

All of it runs on the device of the rule and the problems, which must be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from metalearn_lab.learners.flat_weights import unflat
from metalearn_lab.learners.update_rules import State, UpdateRule
from metalearn_lab.tasks.optimizees import Optimizees
from metalearn_lab.tasks.seeds import generator


class Schedule(NamedTuple):
    """How long problems run, and how often the rule learns on the way.

    Attributes:
        epochs: batches of problems, one after the other.
        steps: that each problem runs.
        window: steps between two outer steps; a divisor of ``steps``.
        outer_lr: β, of Adam.
    """

    epochs: int
    steps: int = 100
    window: int = 20
    outer_lr: float = 3e-3

    def checked(self) -> Schedule:
        """Itself.

        Raises:
            ValueError: a number below 1, or windows that do not fill the steps.
        """
        if min(self.epochs, self.window) < 1 or self.steps < 1 or self.steps % self.window:
            raise ValueError(
                f"epochs, steps and window must be 1 or more, and window divide steps, got {self}"
            )
        return self


@torch.no_grad()
def run_rule(rule: UpdateRule, problems: Optimizees, steps: int) -> Tensor:
    """f(θ_0), …, f(θ_steps) of each problem.

    Args:
        rule: as trained, and moved to where the problems are; or one with many settings side by
            side.
        problems: a batch.
        steps: to take.

    Returns:
        ``[steps + 1, problems]`` on the CPU, with an axis of settings before the last where the
        rule has one.
    """
    theta, losses = problems.start, []
    if isinstance(rule, nn.Module):
        rule.to(theta.device)
    state = rule.start(theta)
    for _ in range(steps):
        loss, gradient = problems.value_and_gradient(theta)
        update, state = rule(gradient, state)
        theta = theta + update
        losses.append(loss)
    losses.append(problems.value_and_gradient(theta)[0])
    return torch.stack(torch.broadcast_tensors(*losses)).cpu()  # type: ignore[no-untyped-call]


def train_by_unrolls(
    rule: nn.Module, problems: Callable[[int], Optimizees], schedule: Schedule
) -> list[float]:
    """Follow the gradient of the mean of f(θ_1), …, f(θ_window) in the rule's weights φ.

    The gradients that the rule is fed count as given numbers. Then dΣf(θ_t)/dφ is Σ g_t·dθ_t/dφ
    with g_t = ∇f(θ_t), which the unroll computes anyway. θ and memory go on from window to window,
    but the gradient ends there, so what a step does to later windows is never seen.

    Args:
        rule: learned, changed in place.
        problems: the batch of an epoch.
        schedule: epochs, steps, windows and β.

    Returns:
        The mean loss of each window.

    Source: Andrychowicz et al. 2016, section 2, with w_t = 1.
    """
    optimizer = torch.optim.Adam(rule.parameters(), schedule.checked().outer_lr)
    history = []
    for epoch in range(schedule.epochs):
        batch = problems(epoch)
        theta = batch.start
        state: State = rule.start(theta)  # type: ignore[operator]
        _, gradient = batch.value_and_gradient(theta)
        for _ in range(schedule.steps // schedule.window):
            linear, losses = torch.zeros((), device=theta.device), []
            for _ in range(schedule.window):
                update, state = rule(gradient, state)
                theta = theta + update
                loss, gradient = batch.value_and_gradient(theta.detach())
                linear = linear + (theta * gradient).sum()
                losses.append(loss.mean())
            _outer_step(rule, optimizer, linear / (len(loss) * schedule.window))
            theta, state = theta.detach(), tuple(part.detach() for part in state)
            history.append(torch.stack(losses).mean().item())
    return history


def _outer_step(rule: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(rule.parameters(), 1.0)
    optimizer.step()


def antithetic_gradient(upper: Tensor, lower: Tensor, noise: Tensor, sigma: float) -> Tensor:
    """Mean over pairs of ½(L(φ + σε) − L(φ − σε)) / σ · ξ, an estimate of ∇L(φ).

    With ξ = ε it is plain evolution. Of a quadratic L each term is (∇L·ε) ε, whatever σ.

    Args:
        upper: L(φ + σε), ``[pairs]``.
        lower: L(φ − σε), ``[pairs]``.
        noise: ξ, ``[pairs, numbers]``.
        sigma: σ.
    """
    return ((upper - lower) / (2 * sigma)) @ noise / len(noise)


def train_by_evolution(
    rule: nn.Module,
    problems: Callable[[int], Optimizees],
    schedule: Schedule,
    *,
    pairs: int = 16,
    sigma: float = 0.03,
    persistent: bool = True,
    seed: int = 0,
) -> list[float]:
    """Learn without any gradient in φ: move the weights at random, both ways, and compare.

    Each window draws a new ε for every pair. Persistent evolution multiplies by the sum of all ε
    since the problem began, which is unbiased for the loss over all its steps.

    Args:
        rule: learned, changed in place.
        problems: the batch of an epoch, the same for all pairs.
        schedule: epochs, steps, windows and β.
        pairs: of weights φ ± σε, run side by side.
        sigma: σ.
        persistent: add up the noise of earlier windows.
        seed: of ε.

    Returns:
        The mean loss of each window.

    Raises:
        ValueError: no pairs, or a σ that is not positive.

    Source: Vicol, Metz and Sohl-Dickstein, "Unbiased gradient estimation in unrolled computation
    graphs with persistent evolution strategies", ICML 2021.
    """
    if pairs < 1 or not sigma > 0:
        raise ValueError(f"pairs must be 1 or more and sigma positive, got {pairs=}, {sigma=}")
    weights: dict[str, Tensor] = dict(rule.named_parameters())
    phi = nn.utils.parameters_to_vector(rule.parameters()).detach()
    optimizer = torch.optim.Adam(rule.parameters(), schedule.checked().outer_lr)
    numbers, history = generator("evolution", seed), []

    for epoch in range(schedule.epochs):
        batch = problems(epoch)

        def window(phi: Tensor, theta: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
            moved, total = unflat(phi, weights), torch.zeros_like(theta[0, 0])
            _, gradient = batch.value_and_gradient(theta)  # noqa: B023 (used in this turn)
            for _ in range(schedule.window):
                update, state = functional_call(rule, moved, (gradient, state))
                theta = theta + update
                loss, gradient = batch.value_and_gradient(theta)  # noqa: B023
                total = total + loss.mean()
            return total / schedule.window, theta, state

        theta = batch.start.expand(2 * pairs, *batch.start.shape)
        state: State = rule.start(batch.start)  # type: ignore[operator]
        state = tuple(part.expand(2 * pairs, *part.shape) for part in state)
        summed = torch.zeros(pairs, len(phi), device=phi.device)
        for _ in range(schedule.steps // schedule.window):
            noise = torch.randn(pairs, len(phi), generator=numbers).to(phi.device)
            summed = summed + noise if persistent else noise
            phi = nn.utils.parameters_to_vector(rule.parameters()).detach()
            moved = phi + sigma * torch.cat([noise, -noise])
            with torch.no_grad():
                losses, theta, state = vmap(window)(moved, theta, state)
            upper, lower = losses.chunk(2)
            gradient = antithetic_gradient(upper, lower, summed, sigma)
            _outer_step(
                rule, optimizer, nn.utils.parameters_to_vector(rule.parameters()) @ gradient
            )
            history.append(losses.mean().item())
    return history


def train_rule(
    rule: nn.Module,
    problems: Callable[[int], Optimizees],
    epochs: int,
    *,
    outer_lr: float,
    window: int,
    sigma: float | None = None,
    seed: int = 0,
) -> list[float]:
    """Train by unrolls, or where σ is given by evolution, on runs of 100 steps.

    Evolution takes half of the epochs, for it runs each 32 times.

    Args:
        rule: learned, changed in place.
        problems: the batch of an epoch.
        epochs: batches of problems, 2 or more.
        outer_lr: β.
        window: steps between two outer steps.
        sigma: σ.
        seed: of the noise.

    Returns:
        The mean loss of each window.
    """
    if sigma is None:
        return train_by_unrolls(rule, problems, Schedule(epochs, window=window, outer_lr=outer_lr))
    schedule = Schedule(epochs // 2, window=window, outer_lr=outer_lr)
    return train_by_evolution(rule, problems, schedule, sigma=sigma, seed=seed)
