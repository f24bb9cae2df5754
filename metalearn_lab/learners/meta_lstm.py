"""Meta-LSTM: the inner step is the update of an LSTM's cell, with learned gates."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from metalearn_lab.learners.flat_weights import flat, unflat
from metalearn_lab.learners.inner_gradient import attached
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.settings import inner_rate
from metalearn_lab.learners.update_rules import log_and_sign, size_and_sign
from metalearn_lab.running.per_task import Loss, Trajectory, Weights
from metalearn_lab.tasks.types import Split

_P = 10.0  # gradients below e^−p count as small


class MetaLSTM(MAML):
    """The weights are the cell of an LSTM, which forgets and takes in gradients.

        θ_{j+1} = f ∘ θ_j − s i ∘ ∇L_S(θ_j),    f, i = σ(w · (∇, L, θ_j, last gate) + b),

    with a forget gate f and an input gate i for each weight. All weights share the twelve numbers
    w and the two b, so a gate depends on what its own weight sees. Gradient and loss are read by
    ``update_rules.log_and_sign``. The start θ_0 is the first value of the cell, learned
    with the gates. With f = 1 and i held constant this is MAML with α = s i; with f < 1, it decays
    the weights by (1 − f)/α.

    The meta-gradient here goes through the inner gradients too; the paper drops that part. Left out
    is the paper's ordinary LSTM layer below this one.

    Args:
        model: as for every learner.
        loss: as for every learner.
        first_rate: α = s i at the start, below s.
        largest_rate: s; 1 in the paper.
        first_forget: f at the start, between 0 and 1.
        settings: the other arguments of ``GradientLearner``; it has no ``inner_lr``.

    Attributes:
        gate_weights: w of f and of i, ``[2, 6]``.
        gate_biases: b of f and of i, ``[2]``.

    Raises:
        ValueError: a first gate is not between 0 and 1, or ``replay`` was asked for: a step depends
            on the gates of the step before.

    Source: Ravi and Larochelle, "Optimization as a Model for Few-Shot Learning", ICLR 2017,
    sections 3.1 to 3.3.
    """

    title = "meta-LSTM"
    line = Line("#1c6b5a", (0, (6, 1, 2, 1)), "D")

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        first_rate: float,
        largest_rate: float = 1.0,
        first_forget: float = 0.999,
        **settings: Any,
    ) -> None:
        super().__init__(model, loss, **settings)
        self.largest_rate = inner_rate(largest_rate)
        share = inner_rate(first_rate) / self.largest_rate if self.largest_rate else math.inf
        for name, gate in (("first_rate / largest_rate", share), ("first_forget", first_forget)):
            if not 0 < gate < 1:
                raise ValueError(f"a gate lies between 0 and 1, so {name} must too; got {gate}")
        weight = model.get_parameter(self.adapted_names[0])
        first = torch.tensor([first_forget, share], dtype=torch.float64)
        self.gate_weights = nn.Parameter(weight.new_zeros(2, 6))
        self.gate_biases = nn.Parameter(torch.logit(first).to(weight))

    def check(self) -> None:
        """Refuse replay."""
        super().check()
        if self.replay:
            raise ValueError("a step of MetaLSTM depends on the last step's gates: no replay")

    def rate_of(self, name: str) -> Tensor:
        """α of every weight while the gates read nothing: s σ(b)."""
        return self.largest_rate * self.gate_biases[1].sigmoid()

    def inner_loop(self, theta: Weights, support: Split, steps: int) -> Trajectory:
        """θ_0, …, θ_steps; the gates of a step are read by the next."""
        trajectory = [theta]
        cell, gates = flat(self.adapted(theta)), self.gate_biases.sigmoid()[:, None]
        for _ in range(steps):
            now = trajectory[-1]
            slopes, loss = torch.func.grad_and_value(
                lambda own, now=now: attached(self.loss_at({**now, **own}, support))
            )(self.adapted(now))
            gradient = flat(slopes)
            gates = self._gates(loss, gradient, cell, gates)
            forget, take = gates.unbind()
            cell = forget * cell - self.largest_rate * take * gradient
            trajectory.append({**now, **unflat(cell, slopes)})
        return trajectory

    def _gates(self, loss: Tensor, gradient: Tensor, cell: Tensor, last: Tensor) -> Tensor:
        """Forget and input gates of all weights ``[numbers]``: ``[2, numbers]``."""
        w, b = self.gate_weights, self.gate_biases
        of_all = (w[:, 2:4] * log_and_sign(loss, _P)).sum(1) + b
        size, sign = size_and_sign(gradient, _P)
        of_each = w[:, 0:1] * size + w[:, 1:2] * sign + w[:, 4:5] * cell + w[:, 5:6] * last
        return (of_each + of_all[:, None]).sigmoid()
