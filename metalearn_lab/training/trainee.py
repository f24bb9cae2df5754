"""Everything that a step of training changes, to be kept and put back."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from metalearn_lab.learners.learner import Learner
from metalearn_lab.running.random_state import set_torch_state, torch_state


class SavedState(NamedTuple):
    """Where training stood.

    Attributes:
        state: numbers, lists and dictionaries.
        tensors: by group and name; the groups are the learner, the optimiser and the random
            generators.
    """

    state: dict[str, Any]
    tensors: dict[str, dict[str, Tensor]]


@dataclass(frozen=True)
class Trainee:
    """What is trained, and what trains it.

    Attributes:
        learner: any learner.
        optimizer: over its parameters.
        scheduler: of the optimiser, if any.
    """

    learner: Learner
    optimizer: Optimizer
    scheduler: LRScheduler | None

    def saved_state(self) -> SavedState:
        """Where training stands now, in copies that later steps do not touch."""
        optimizer = self.optimizer.state_dict()
        entries = [
            [index, name, value]
            for index, values in optimizer["state"].items()
            for name, value in values.items()
        ]
        tensors = {
            "learner": self.learner.state_dict(),
            "optimizer": {f"{i}/{n}": v for i, n, v in entries if isinstance(v, Tensor)},
            "random": torch_state(self._device),
        }
        state = {
            "optimizer": optimizer["param_groups"],
            "optimizer numbers": [entry for entry in entries if not isinstance(entry[2], Tensor)],
            "scheduler": self.scheduler.state_dict() if self.scheduler else None,
        }
        clones = {g: {n: t.clone() for n, t in group.items()} for g, group in tensors.items()}
        return SavedState(copy.deepcopy(state), clones)

    def restore(self, saved: SavedState) -> None:
        """Stand where training stood, bit for bit, random numbers included where they were saved.

        Raises:
            KeyError, ValueError, RuntimeError: something was kept of another learner, optimiser
                or scheduler, or is missing.
        """
        groups = saved.tensors
        self.learner.load_state_dict(groups["learner"])
        self.optimizer.load_state_dict(_state_dict(saved.state, groups.get("optimizer", {})))
        for parameter, values in self.optimizer.state.items():
            values.update({n: _laid_out_like(parameter, v) for n, v in values.items()})
        if self.scheduler is not None:
            self.scheduler.load_state_dict(saved.state["scheduler"])
        random_states = {name: state.cpu() for name, state in groups.get("random", {}).items()}
        set_torch_state(random_states, self._device)

    @property
    def _device(self) -> torch.device:
        return next(self.learner.parameters()).device

    def step_scheduler(self) -> None:
        """Step the scheduler, if there is one."""
        if self.scheduler is not None:
            self.scheduler.step()


def named(groups: dict[str, dict[str, Tensor]]) -> dict[str, Tensor]:
    """Tensors of several groups under one name each, the group's, a slash, and their own."""
    return {f"{g}/{name}": tensor for g, group in groups.items() for name, tensor in group.items()}


def grouped(tensors: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """What ``named`` was given."""
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        prefix, rest = name.split("/", 1)
        groups.setdefault(prefix, {})[rest] = tensor
    return groups


def _state_dict(saved: dict[str, Any], tensors: dict[str, Tensor]) -> Any:
    state: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        index, key = name.split("/", 1)
        state.setdefault(int(index), {})[key] = tensor
    for index, key, number in saved["optimizer numbers"]:
        state.setdefault(index, {})[key] = number
    return {"state": state, "param_groups": saved["optimizer"]}


def _laid_out_like(parameter: Tensor, value: Any) -> Any:
    """Files hold rows one after the other; fused steps walk weights and moments side by side."""
    if not isinstance(value, Tensor) or value.shape != parameter.shape:
        return value
    laid_out = torch.empty_like(
        parameter, dtype=value.dtype, device=value.device, requires_grad=False
    )
    return laid_out.copy_(value)
