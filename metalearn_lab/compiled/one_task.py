"""A learner as a function of weights and one task: what the compiler is given to trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from metalearn_lab.running.per_task import PerTask, Weights


class OneTask(nn.Module):
    """What a learner does with one task as a module's forward, so that weights can be given."""

    def __init__(self, learner: PerTask, function: Callable[[PerTask], Any]) -> None:
        super().__init__()
        self.learner = learner
        self.function = function

    def forward(self) -> Any:
        """The function of the learner, with the weights that were given."""
        return self.function(self.learner)


def state_of(learner: PerTask) -> Weights:
    """Parameters and buffers, by their names in ``OneTask``."""
    named = (*learner.named_parameters(), *learner.named_buffers())
    return {f"learner.{name}": tensor for name, tensor in named}
