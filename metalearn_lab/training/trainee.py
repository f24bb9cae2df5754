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
        json_state: numbers, lists and dictionaries.
        tensors: by group and name; the groups are the learner, the optimiser and the random
            generators.
    """

    json_state: dict[str, Any]
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
        optimizer_state = self.optimizer.state_dict()
        optimizer_entries = [
            [index, name, value]
            for index, parameter_state in optimizer_state["state"].items()
            for name, value in parameter_state.items()
        ]
        tensors = {
            "learner": self.learner.state_dict(),
            "optimizer": {
                f"{index}/{name}": value
                for index, name, value in optimizer_entries
                if isinstance(value, Tensor)
            },
            "random": torch_state(self._device),
        }
        json_state = {
            "optimizer": optimizer_state["param_groups"],
            "optimizer numbers": [
                entry for entry in optimizer_entries if not isinstance(entry[2], Tensor)
            ],
            "scheduler": self.scheduler.state_dict() if self.scheduler else None,
        }
        clones = {
            group_name: {name: tensor.clone() for name, tensor in group.items()}
            for group_name, group in tensors.items()
        }
        return SavedState(copy.deepcopy(json_state), clones)

    def restore(self, saved: SavedState) -> None:
        """Stand where training stood, bit for bit, random numbers included where they were saved.

        Raises:
            KeyError, ValueError, RuntimeError: something was kept of another learner, optimiser
                or scheduler, or is missing.
        """
        groups = saved.tensors
        self.learner.load_state_dict(groups["learner"])
        self.optimizer.load_state_dict(
            _optimizer_state_dict(saved.json_state, groups.get("optimizer", {}))
        )
        for parameter, parameter_state in self.optimizer.state.items():
            parameter_state.update(
                {name: _laid_out_like(parameter, value) for name, value in parameter_state.items()}
            )
        if self.scheduler is not None:
            self.scheduler.load_state_dict(saved.json_state["scheduler"])
        random_states = {
            name: generator_state.cpu()
            for name, generator_state in groups.get("random", {}).items()
        }
        set_torch_state(random_states, self._device)

    @property
    def _device(self) -> torch.device:
        return next(self.learner.parameters()).device

    def step_scheduler(self) -> None:
        """Step the scheduler, if there is one."""
        if self.scheduler is not None:
            self.scheduler.step()


def flatten_groups(groups: dict[str, dict[str, Tensor]]) -> dict[str, Tensor]:
    """Tensors of several groups under one name each, the group's, a slash, and their own."""
    return {
        f"{group_name}/{name}": tensor
        for group_name, group in groups.items()
        for name, tensor in group.items()
    }


def unflatten_groups(tensors: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """What ``flatten_groups`` was given."""
    groups: dict[str, dict[str, Tensor]] = {}
    for full_name, tensor in tensors.items():
        group_name, name = full_name.split("/", 1)
        groups.setdefault(group_name, {})[name] = tensor
    return groups


def _optimizer_state_dict(json_state: dict[str, Any], tensors: dict[str, Tensor]) -> Any:
    state_of_index: dict[int, dict[str, Any]] = {}
    for full_name, tensor in tensors.items():
        index, name = full_name.split("/", 1)
        state_of_index.setdefault(int(index), {})[name] = tensor
    for index, name, number in json_state["optimizer numbers"]:
        state_of_index.setdefault(index, {})[name] = number
    return {"state": state_of_index, "param_groups": json_state["optimizer"]}


def _laid_out_like(parameter: Tensor, value: Any) -> Any:
    """Files hold rows one after the other; fused steps walk weights and moments side by side."""
    if not isinstance(value, Tensor) or value.shape != parameter.shape:
        return value
    laid_out = torch.empty_like(
        parameter, dtype=value.dtype, device=value.device, requires_grad=False
    )
    return laid_out.copy_(value)
