"""Meta-SGD: learn a rate for every weight with the initialisation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from metalearn_lab.learners.line import Line
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.settings import inner_rate
from metalearn_lab.running.per_task import Loss


class MetaSGD(MAML):
    """MAML whose inner step is θ − α ∘ ∇L_S(θ), with a learned rate α for each weight.

    The meta-gradient is that of L_Q(θ_k) in θ and in α, both through the inner loop. A rate may
    become negative. With all rates equal and held there, this is MAML.

    Args:
        model: as for every learner.
        loss: as for every learner.
        first_rate: where every rate begins.
        settings: the other arguments of ``GradientLearner``; it has no ``inner_lr``.

    Raises:
        ValueError: ``first_rate`` is negative or no number, or ``adapts`` is changed later.

    Source: Li, Zhou, Chen and Li, "Meta-SGD: Learning to Learn Quickly for Few-Shot Learning",
    2017, equations 3 and 4, algorithm 1 (there with one step).
    """

    title = "Meta-SGD"
    line = Line("#9880fd", (0, (9, 2, 2, 2)), "*")

    def __init__(self, model: nn.Module, loss: Loss, *, first_rate: float, **settings: Any) -> None:
        super().__init__(model, loss, **settings)
        rate = inner_rate(first_rate)
        self.with_rates = self._matching_names
        moved = (model.get_parameter(name) for name in self.with_rates)
        self.rates = nn.ParameterList(torch.full_like(weight, rate) for weight in moved)

    def check(self) -> None:
        """Refuse what has no rates."""
        super().check()
        if getattr(self, "with_rates", self._matching_names) != self._matching_names:
            raise ValueError("the rates belong to what adapts named first: make a new MetaSGD")

    def rate_of(self, name: str) -> Tensor:
        """α of a parameter, of its shape."""
        return self.rates[self.with_rates.index(name)]
