"""A compiled meta-gradient is compared with PyTorch's before it may train."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.compiled.one_task import OneTask, state_of
from metalearn_lab.learners.learner import Learner, Weights
from metalearn_lab.tasks.types import Task

_ROUNDING = {torch.float32: 1e-2, torch.float64: 1e-9}
"""What rounding may do to a gradient; in single precision it may switch a unit on or off."""


def loss_and_gradient(learner: Learner, example: Task) -> Weights:
    """What PyTorch computes: the meta-loss, and the gradient where there is one, by name."""
    # New parameters in the same memory, for hooks on the learner's own may change what they get.
    whole = state_of(learner)
    state: Weights = {n: nn.Parameter(t.detach(), t.requires_grad) for n, t in whole.items()}
    names = [name for name, tensor in whole.items() if tensor.requires_grad]
    with torch.enable_grad():
        loss = functional_call(OneTask(learner, lambda swapped: swapped(example)), state, ())
        found: Sequence[Tensor | None] = torch.autograd.grad(
            loss, [state[name] for name in names], allow_unused=True
        )
    gradients = zip(names, found, strict=True)
    return {"the meta-loss": loss.detach()} | {n: g for n, g in gradients if g is not None}


def check_same(expected: Weights, compiled: tuple[list[Tensor], Tensor, list[Tensor]]) -> None:
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
