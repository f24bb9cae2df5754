"""A learner as a function of weights and one task: what the compiler is given to trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from metalearn_lab.learners.learner import Learner, Weights


class OneTask(nn.Module):
    """What a learner does with one task as a module's forward, so that weights can be given."""

    def __init__(self, learner: Learner, function: Callable[[Learner], Any]) -> None:
        super().__init__()
        self.learner = learner
        self.function = function

    def forward(self) -> Any:
        """The function of the learner, with the weights that were given."""
        return self.function(self.learner)


def state_of(learner: Learner) -> Weights:
    """Parameters and buffers, by their names in ``OneTask``."""
    named = (*learner.named_parameters(), *learner.named_buffers())
    return {f"learner.{name}": tensor for name, tensor in named}


def settings_of(learner: Learner) -> dict[str, object]:
    """What tracing writes into a compiled function."""
    return {
        "inner_lr": learner.inner_lr,
        "inner_steps": learner.inner_steps,
        "adapts": learner.adapts,
    }


def check_settings(learner: Learner, compiled: dict[str, object]) -> None:
    """Refuse to run what was compiled for other settings.

    Raises:
        ValueError: the learner's settings have changed.
    """
    if settings_of(learner) != compiled:
        raise ValueError(
            f"the learner was compiled with {compiled} and has {settings_of(learner)} now: "
            "compile it again"
        )


class Frozen:
    """Which weights were frozen when a function was compiled, for that is written into it.

    Args:
        weights: the learner's own.
    """

    def __init__(self, weights: Sequence[Tensor]) -> None:
        self.weights = list(weights)
        self.trainable = [weight.requires_grad for weight in self.weights]

    def check(self) -> None:
        """Refuse to run while others are frozen.

        Raises:
            ValueError: a weight was frozen or thawed since.
        """
        if [weight.requires_grad for weight in self.weights] != self.trainable:
            raise ValueError(
                "the learner was compiled while other weights were frozen (requires_grad_): "
                "compile it again"
            )
