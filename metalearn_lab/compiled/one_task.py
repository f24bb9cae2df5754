"""A learner as a function of weights and one task: what the compiler is given to trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.learners.known_gradient import leaves_wanting
from metalearn_lab.learners.learner import Learner, Weights
from metalearn_lab.tasks.types import Task


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


def check_no_gradient_wanted(tasks: Task) -> None:
    """Refuse a batch whose own gradient would be lost in a compiled or recorded step.

    Raises:
        NotCompilable: a tensor of the batch requires a gradient.
    """
    if leaves_wanting(tasks):
        raise NotCompilable(
            "a compiled step gives no gradient in its data, and what was given requires one, as "
            "the output of an encoder that is trained too: use compiled=False, or detach the data"
        )
