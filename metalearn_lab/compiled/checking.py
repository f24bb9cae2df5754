"""A compiled meta-gradient is compared with PyTorch's before it may train."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from metalearn_lab.compiled.not_compilable import NotCompilable, OtherLearner
from metalearn_lab.compiled.one_task import state_of, with_state
from metalearn_lab.compiled.snapshot import Snapshot
from metalearn_lab.running.per_task import PerTask, Weights
from metalearn_lab.running.random_state import RandomState
from metalearn_lab.tasks.types import Task

_ROUNDING = {torch.float32: 1e-2, torch.float64: 1e-9}
"""What rounding may do to a gradient; in single precision it may switch a unit on or off."""
_ADVICE = "take that out, or use compiled=False"


def loss_and_gradient(learner: PerTask, example: Task) -> Weights:
    """What PyTorch computes: the meta-loss, and the gradient where there is one, by name."""
    # New parameters in the same memory, for hooks on the learner's own may change what they get.
    learner_state = state_of(learner)
    state: Weights = {
        name: nn.Parameter(tensor.detach(), tensor.requires_grad)
        if isinstance(tensor, nn.Parameter)
        else tensor.detach()
        for name, tensor in learner_state.items()
    }
    names = [name for name, tensor in learner_state.items() if tensor.requires_grad]
    with torch.enable_grad():
        loss: Tensor = with_state(learner, state, lambda swapped: swapped(example))
        gradients: Sequence[Tensor | None] = torch.autograd.grad(
            loss, [state[name] for name in names], allow_unused=True
        )
    named = zip(names, gradients, strict=True)
    return {"the meta-loss": loss.detach()} | {
        name: gradient for name, gradient in named if gradient is not None
    }


def pure_snapshot(learner: PerTask, example: Task) -> Snapshot:
    """The learner's state, if its meta-loss leaves it as it is.

    Raises:
        NotCompilable: the meta-loss draws random numbers or changes the learner, which a compiled
            step would do once and never again.
    """
    snapshot, random = Snapshot(learner), RandomState(example.query.y.device)
    versions = {name: buffer._version for name, buffer in learner.named_buffers()}
    with torch.enable_grad():
        learner(example)
    changes = [
        f"writes into the buffer {name}"
        for name, buffer in learner.named_buffers()
        if versions.get(name) != buffer._version
    ]
    if random.has_moved():
        changes.append("draws random numbers")
    if changes:
        raise NotCompilable(
            f"the meta-loss {changes[0]}, in a compiled step it would not: {_ADVICE}"
        )
    try:
        snapshot.check()
    except OtherLearner as change:
        raise NotCompilable(
            f"the meta-loss changes the learner itself ({change}), in a compiled step it would "
            f"not: {_ADVICE}"
        ) from change
    return snapshot


def check_same(expected: Weights, compiled: tuple[list[Tensor], Tensor, list[Tensor]]) -> None:
    """Compare with PyTorch once: a wrong gradient must never train.

    Raises:
        NotCompilable: they differ by more than rounding can explain.
    """
    _, loss, gradients = compiled
    for (name, expected_tensor), tensor in zip(expected.items(), [loss, *gradients], strict=True):
        difference = (tensor - expected_tensor).norm() / expected_tensor.norm().clamp_min(1e-12)
        if difference > _ROUNDING[expected_tensor.dtype]:
            raise NotCompilable(
                f"the compiled step disagrees with PyTorch on {name} (relative difference "
                f"{difference:.1e}): use compiled=False, and please report the model"
            )
