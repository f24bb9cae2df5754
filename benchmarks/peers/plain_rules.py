"""Update rules in plain PyTorch: truncated unrolls on quadratics, all problems at once.

The weights are those of a rule of this package; the LSTM runs in PyTorch's own cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

State = list[Tensor]
Weights = list[Tensor]


def lstm_start(rule: nn.Module, theta: Tensor) -> State:
    """Output and cell of both layers, ``[numbers, hidden]``."""
    return [theta.new_zeros(theta.numel(), rule.hidden) for _ in range(4)]


def lstm_weights(rule: nn.Module) -> Weights:
    """Of PyTorch's cells, whose gates stand in another order than the rule's."""
    weights = []
    for layer in (rule.first, rule.second):
        i, f, o, g = torch.cat([layer.weight, layer.bias[:, None]], 1).chunk(4)
        inputs = layer.in_features - rule.hidden
        x, h, bias = torch.cat([i, f, g, o]).split([inputs, rule.hidden, 1], 1)
        weights += [x, h, bias[:, 0], torch.zeros_like(layer.bias)]
    return weights


def lstm_step(
    rule: nn.Module, weights: Weights, gradient: Tensor, state: State
) -> tuple[Tensor, State]:
    """The update, ``[problems, n]``, and the memory."""
    g = gradient.reshape(-1)
    size = (g.abs().clamp(min=1e-30).log() / 5).clamp(min=-1)
    x = torch.stack([size, (g * math.exp(5)).clamp(-1, 1)], -1)
    first = torch.lstm_cell(x, state[:2], *weights[:4])
    second = torch.lstm_cell(first[0], state[2:], *weights[4:])
    update = rule.scale * rule.output(second[0]).view_as(gradient)
    return update, [*first, *second]


def mlp_start(rule: nn.Module, theta: Tensor) -> State:
    """Three running means, the mean square and the number of steps."""
    return [theta.new_zeros(*theta.shape, 3), torch.zeros_like(theta), theta.new_zeros(())]


def mlp_weights(rule: nn.Module) -> Weights:
    """Of its hidden layer and its head."""
    layers = [layer for layer in rule.net.modules() if isinstance(layer, nn.Linear)]
    return [part for layer in layers for part in (layer.weight, layer.bias)]


def mlp_step(
    rule: nn.Module, weights: Weights, gradient: Tensor, state: State
) -> tuple[Tensor, State]:
    """−scale · e^b · (m̂ / √v̂ + a), a and b from one hidden layer."""
    means, square, steps = state
    steps, betas = steps + 1, rule.betas
    means = betas * means + (1 - betas) * gradient[..., None]
    square = 0.99 * square + 0.01 * gradient**2
    root = (square / (1 - 0.99**steps)).sqrt() + 1e-8
    seen = torch.cat([gradient[..., None], means / (1 - betas**steps)], -1) / root[..., None]
    time = torch.stack([(steps / 10).tanh(), (steps / 100).tanh()])
    x = torch.cat([seen, time.expand(*gradient.shape, 2)], -1)
    a, b = F.linear(F.linear(x, *weights[:2]).tanh(), *weights[2:]).unbind(-1)
    return -rule.scale * b.exp() * (seen[..., 2] + a), [means, square, steps]


RULES = {
    "lstm": (lstm_start, lstm_weights, lstm_step),
    "mlp": (mlp_start, mlp_weights, mlp_step),
}


def train(
    name: str,
    rule: nn.Module,
    batch: Callable[[int], tuple[Tensor, Tensor]],
    epochs: int,
    outer_lr: float,
) -> None:
    """Epochs of 100 steps on ‖Wθ − y‖², with an outer step after each 20; gradients are given."""
    start, weights_of, step = RULES[name]
    optimizer = torch.optim.Adam(rule.parameters(), outer_lr)
    for epoch in range(epochs):
        matrix, target = batch(epoch)
        theta = torch.zeros_like(target)
        state = start(rule, theta)
        residual = -target[..., None]
        for _ in range(5):
            weights, total = weights_of(rule), 0
            for _ in range(20):
                gradient = 2 * torch.bmm(matrix.mT, residual.detach())[..., 0]
                update, state = step(rule, weights, gradient, state)
                theta = theta + update
                residual = torch.bmm(matrix, theta[..., None]) - target[..., None]
                total = total + (residual**2).sum()
            optimizer.zero_grad()
            (total / (20 * len(target))).backward()
            nn.utils.clip_grad_norm_(rule.parameters(), 1.0)
            optimizer.step()
            theta, state = theta.detach(), [part.detach() for part in state]
