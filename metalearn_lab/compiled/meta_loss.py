"""A learner's meta-loss and meta-gradient as one compiled function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value

from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.compiled.task_map import CompiledTaskMap
from metalearn_lab.learners.known_gradient import with_known_gradient
from metalearn_lab.learners.learner import Learner, Weights
from metalearn_lab.tasks.types import Split, Task

_ROUNDING = {torch.float32: 1e-2, torch.float64: 1e-9}
"""What rounding may do to a gradient; in single precision it may switch a unit on or off."""


class CompiledMetaLoss:
    """The same as ``learner(tasks)``, gradient included, many times faster on small networks.

    The learner's own ``meta_loss`` of one task is traced together with its gradient and compiled
    to one C function that runs many tasks at once (see ``CompiledTaskMap``). The learner's weights
    are read at every call, so an optimiser may move them; its settings are fixed.

    Args:
        learner: on the CPU.
        example: a batch of the shapes to come; the number of tasks may change.

    Raises:
        NotCompilable: the learner uses an operation that the compiler does not know, or there is
            no C compiler.
    """

    def __init__(self, learner: Learner, example: Task) -> None:
        self.learner = learner
        self.settings = _settings(learner)
        expected = _loss_and_gradient(learner, example)
        self.moved = list(expected)[1:]
        self.fixed = [name for name in state_of(learner) if name not in self.moved]
        leaves = [part for split in example for part in split]
        state = state_of(learner)
        self.shared = [state[name] for name in (*self.moved, *self.fixed)]
        self.compiled = CompiledTaskMap(
            self._of_one_task, self.shared, leaves, averaged=len(self.moved) + 1
        )
        _check_same(expected, self.with_gradient(example))

    def __call__(self, tasks: Task) -> Tensor:
        """Mean meta-loss over a batch, attached to the learner's parameters.

        Raises:
            ValueError: the shapes are not the example's, or the learner's settings have changed.
        """
        parameters, loss, gradients = self.with_gradient(tasks)
        return with_known_gradient(loss, parameters, gradients)

    def with_gradient(self, tasks: Task) -> tuple[list[Tensor], Tensor, list[Tensor]]:
        """The parameters that get a gradient, the mean meta-loss, and its gradient in each.

        Raises:
            ValueError: the shapes are not the example's, or the learner's settings have changed.
        """
        if _settings(self.learner) != self.settings:
            raise ValueError(
                f"the learner was compiled with {self.settings} and has "
                f"{_settings(self.learner)} now: compile it again"
            )
        loss, *gradients = self.compiled(self.shared, [part for split in tasks for part in split])
        return self.shared[: len(self.moved)], loss, gradients

    def _of_one_task(self, *tensors: Tensor) -> list[Tensor]:
        """The meta-loss of one task and its gradient: what is traced."""
        count = len(self.moved)
        moved = dict(zip(self.moved, tensors[:count], strict=True))
        fixed = dict(zip(self.fixed, tensors[count : count + len(self.fixed)], strict=True))
        support_x, support_y, query_x, query_y = tensors[count + len(self.fixed) :]
        task = Task(Split(support_x, support_y), Split(query_x, query_y))

        def meta_loss(theta: Weights) -> Tensor:
            one_task = OneTask(self.learner, lambda learner: learner.meta_loss(task))
            loss: Tensor = functional_call(one_task, {**theta, **fixed}, ())
            return loss

        gradient, loss = grad_and_value(meta_loss)(moved)
        return [loss, *(gradient[name] for name in self.moved)]


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


def _loss_and_gradient(learner: Learner, example: Task) -> Weights:
    """What PyTorch computes: the meta-loss, and the gradient where there is one, by name."""
    names = [name for name, tensor in state_of(learner).items() if tensor.requires_grad]
    with torch.enable_grad():
        loss = learner(example)
        found: Sequence[Tensor | None] = torch.autograd.grad(
            loss, [state_of(learner)[name] for name in names], allow_unused=True
        )
    gradients = zip(names, found, strict=True)
    return {"the meta-loss": loss.detach()} | {n: g for n, g in gradients if g is not None}


def _check_same(expected: Weights, compiled: tuple[list[Tensor], Tensor, list[Tensor]]) -> None:
    """Compare with PyTorch once: a wrong gradient must never train.

    Raises:
        NotCompilable: they differ by more than rounding can explain.
    """
    _, loss, gradients = compiled
    for (name, right), found in zip(expected.items(), [loss, *gradients], strict=True):
        difference = (found - right).norm() / right.norm().clamp_min(1e-12)
        if difference > _ROUNDING[right.dtype]:
            raise NotCompilable(
                f"the compiled step disagrees with PyTorch on {name} (relative difference "
                f"{difference:.1e}): use compiled=False, and please report the model"
            )


def _settings(learner: Learner) -> dict[str, object]:
    """What is written into the compiled function."""
    return {
        "inner_lr": learner.inner_lr,
        "inner_steps": learner.inner_steps,
        "adapts": learner.adapts,
    }
