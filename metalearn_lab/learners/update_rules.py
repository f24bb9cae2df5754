"""Update rules, written by hand and learned: from a gradient to what is added to θ.

A rule treats every number of θ by itself, so it takes tensors of any shape.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from metalearn_lab.models.mlp import MLP, initialise

State = tuple[Tensor, ...]
EPSILON = 1e-8


class UpdateRule(Protocol):
    """θ_{t+1} = θ_t + update, with a memory that is handed from step to step."""

    def start(self, theta: Tensor) -> State:
        """The memory before the first step, for numbers of θ's shape."""

    def __call__(self, gradient: Tensor, state: State) -> tuple[Tensor, State]:
        """The update, as the gradient, and the memory after it."""


class Momentum(NamedTuple):
    """v ← μ v + g, θ ← θ − α v; with μ = 0 gradient descent.

    Attributes:
        rate: α, or many settings side by side, ``[settings, 1, 1]`` for θ ``[problems, n]``.
        momentum: μ, likewise.
    """

    rate: float | Tensor
    momentum: float | Tensor = 0.0

    def start(self, theta: Tensor) -> State:
        """V = 0."""
        return (torch.zeros_like(theta),)

    def __call__(self, gradient: Tensor, state: State) -> tuple[Tensor, State]:
        """The update and v."""
        velocity = self.momentum * state[0] + gradient
        return -self.rate * velocity, (velocity,)


class Adam(NamedTuple):
    """θ ← θ − α m̂ / (√v̂ + 10⁻⁸), m̂ and v̂ the running means of g and g².

    Attributes:
        rate: α, or many settings side by side, ``[settings, 1, 1]`` for θ ``[problems, n]``.
        beta_1: how much of m stays, likewise.
        beta_2: how much of v stays, likewise.

    Source: Kingma and Ba, "Adam", ICLR 2015, algorithm 1.
    """

    rate: float | Tensor
    beta_1: float | Tensor = 0.9
    beta_2: float | Tensor = 0.999

    def start(self, theta: Tensor) -> State:
        """M = v = 0, no step."""
        return torch.zeros_like(theta), torch.zeros_like(theta), theta.new_zeros(())

    def __call__(self, gradient: Tensor, state: State) -> tuple[Tensor, State]:
        """The update, m, v and the number of steps."""
        mean, square, steps = state
        steps = steps + 1
        mean = self.beta_1 * mean + (1 - self.beta_1) * gradient
        square = self.beta_2 * square + (1 - self.beta_2) * gradient.square()
        unbiased = mean / (1 - self.beta_1**steps)
        root = (square / (1 - self.beta_2**steps)).sqrt() + EPSILON
        return -self.rate * unbiased / root, (mean, square, steps)


def log_and_sign(gradient: Tensor, p: float = 5.0) -> Tensor:
    """Two inputs for a network: (log ǀgǀ / p, sign g) if ǀgǀ ≥ e⁻ᵖ, else (−1, eᵖ g).

    Gradients of all sizes so become numbers near 1, and their signs are kept.

    Args:
        gradient: g, ``[...]``.
        p: from which size on gradients count as small.

    Returns:
        ``[..., 2]``.

    Source: Andrychowicz et al. 2016, appendix A.
    """
    return torch.stack(size_and_sign(gradient, p), -1)


def size_and_sign(gradient: Tensor, p: float = 5.0) -> tuple[Tensor, Tensor]:
    """The two numbers of ``log_and_sign``, each ``[...]``."""
    size = gradient.abs().clamp(min=1e-30).log() / p
    return size.clamp(min=-1), (gradient * math.exp(p)).clamp(-1, 1)


class LSTMRule(nn.Module):
    """Two layers of LSTM units, one copy for each number of θ, all with the same weights.

    Args:
        hidden: units of a layer.
        scale: what the output is multiplied with.
        seed: of the initial weights.

    Raises:
        ValueError: no hidden units.

    Source: Andrychowicz et al., "Learning to learn by gradient descent by gradient descent",
    NeurIPS 2016, section 2.1.
    """

    def __init__(self, *, hidden: int = 20, scale: float = 0.1, seed: int = 0) -> None:
        super().__init__()
        if hidden < 1:
            raise ValueError(f"hidden must be 1 unit or more, got {hidden}")
        self.hidden, self.scale = hidden, scale
        self.first = nn.Linear(2 + hidden, 4 * hidden)
        self.second = nn.Linear(2 * hidden, 4 * hidden)
        self.output = nn.Linear(hidden, 1)
        initialise(self, "lstm rule", seed)

    def start(self, theta: Tensor) -> State:
        """Output and cell of both layers, all zero, each ``[..., hidden]``."""
        return (theta.new_zeros(*theta.shape, self.hidden),) * 4

    def forward(self, gradient: Tensor, state: State) -> tuple[Tensor, State]:
        """The update and the memory of both layers."""
        first, second = state[:2], state[2:]
        first = _lstm_step(self.first, log_and_sign(gradient), *first)
        second = _lstm_step(self.second, first[0], *second)
        return self.scale * self.output(second[0])[..., 0], (*first, *second)


def _lstm_step(layer: nn.Linear, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """h, c ← σ(o) tanh(c'), c' = σ(f) c + σ(i) tanh(g), the four from one dense layer."""
    sums = layer(torch.cat([x, h], -1))
    i, f, o, _ = sums.sigmoid().chunk(4, -1)  # of all in one go: a fifth of the time of three parts
    c = f * c + i * sums.chunk(4, -1)[3].tanh()
    return o * c.tanh(), c


class MLPRule(nn.Module):
    """Adam, corrected by a small network that sees three running means, and the step number.

    update = −scale · e^b · (m̂ / √v̂ + a), where (a, b) are the outputs of the network. It begins
    with outputs of zero, as Adam with β₁ = 0.9 and β₂ = 0.99. Its inputs are g and the running
    means of g (β₁ = 0.5, 0.9, 0.99), all divided by √v̂, so multiplying the loss by a number
    changes no update.

    Args:
        hidden: units of its one layer.
        scale: the rate of the Adam that it begins as.
        seed: of the initial weights.
    """

    def __init__(self, *, hidden: int = 16, scale: float = 0.2, seed: int = 0) -> None:
        super().__init__()
        self.scale = scale
        self.net = MLP([6, hidden, 2], activation="tanh", seed=seed)
        for parameter in self.net.head.parameters():
            nn.init.zeros_(parameter)
        self.register_buffer("betas", torch.tensor([0.5, 0.9, 0.99]), persistent=False)

    def start(self, theta: Tensor) -> State:
        """Means ``[..., 3]``, mean square and step number, all zero."""
        return theta.new_zeros(*theta.shape, 3), torch.zeros_like(theta), theta.new_zeros(())

    def forward(self, gradient: Tensor, state: State) -> tuple[Tensor, State]:
        """The update and the memory."""
        means, square, steps = state
        betas: Tensor = self.betas  # type: ignore[assignment]
        steps = steps + 1
        means = betas * means + (1 - betas) * gradient[..., None]
        square = 0.99 * square + 0.01 * gradient.square()
        root = (square / (1 - 0.99**steps)).sqrt() + EPSILON
        unbiased = means / (1 - betas**steps)
        seen = torch.cat([gradient[..., None], unbiased], -1) / root[..., None]
        time = torch.stack([(steps / 10).tanh(), (steps / 100).tanh()])
        a, b = self.net(torch.cat([seen, time.expand(*gradient.shape, 2)], -1)).unbind(-1)
        return -self.scale * b.exp() * (seen[..., 2] + a), (means, square, steps)
